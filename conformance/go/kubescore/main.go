// Command kubescore scores manifests with kube-score's own packages, as its command line does. A request is a JSON object:
//
//	files      texts, each as if it were a file of its own
//	ignored    ids of --ignore-test
//	optional   ids of --enable-optional-test; "all" stands for --all-default-optional
//	noIgnore, noEnable        --disable-ignore-checks-annotations, --disable-optional-checks-annotations
//	noCPULimit, noMemoryLimit --ignore-container-cpu-limit, --ignore-container-memory-limit
//	kubernetes                --kubernetes-version
//	minDeployment, minHPA     --min-replicas-deployment, --min-replicas-hpa
//
// It is answered with {"objects": {key: [check]}}, checks sorted by id and comments of equal standing by path, or with {"error":
// text} where kube-score gives up. An empty request is answered with the list of checks.
package main

import (
	"cmp"
	"encoding/json"
	"io"
	"log"
	"slices"
	"strings"

	"github.com/zegl/kube-score/config"
	ks "github.com/zegl/kube-score/domain"
	"github.com/zegl/kube-score/parser"
	"github.com/zegl/kube-score/score"
	"github.com/zegl/kube-score/score/checks"
	"github.com/zegl/kube-score/scorecard"

	"seawall.dev/conformance/frame"
)

type request struct {
	Files         []string
	Ignored       []string
	Optional      []string
	NoIgnore      bool
	NoEnable      bool
	NoCPULimit    bool
	NoMemoryLimit bool
	Kubernetes    string
	MinDeployment int
	MinHPA        int
}

type check struct {
	ID       string     `json:"id"`
	Grade    int        `json:"grade"`
	Skipped  bool       `json:"skipped"`
	Comments [][]string `json:"comments"`
}

type file struct{ io.Reader }

func (file) Name() string { return "file" }

func main() {
	p, err := parser.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	frame.Serve(func(text []byte) []byte {
		if len(text) == 0 {
			return encode(list())
		}
		var r request
		if err := json.Unmarshal(text, &r); err != nil {
			log.Fatal(err)
		}
		objects, err := run(p, &r)
		if err != nil {
			return encode(map[string]string{"error": err.Error()})
		}
		return encode(map[string]any{"objects": objects})
	})
}

func list() [][]any {
	var all [][]any
	for _, c := range score.RegisterAllChecks(parser.Empty(), nil, nil).All() {
		all = append(all, []any{c.ID, c.TargetType, c.Optional})
	}
	return all
}

func set(ids []string) map[string]struct{} {
	all := map[string]struct{}{}
	for _, id := range ids {
		if id == "all" {
			for _, c := range list() {
				if c[2].(bool) {
					all[c[0].(string)] = struct{}{}
				}
			}
		}
		all[id] = struct{}{}
	}
	return all
}

func run(p *parser.Parser, r *request) (map[string][]check, error) {
	var files []ks.NamedReader
	for _, text := range r.Files {
		files = append(files, file{strings.NewReader(text)})
	}
	version, err := config.ParseSemver(r.Kubernetes)
	if err != nil {
		log.Fatal(err)
	}
	settings := &config.RunConfiguration{
		IgnoreContainerCpuLimitRequirement:    r.NoCPULimit,
		IgnoreContainerMemoryLimitRequirement: r.NoMemoryLimit,
		EnabledOptionalTests:                  set(r.Optional),
		UseIgnoreChecksAnnotation:             !r.NoIgnore,
		UseOptionalChecksAnnotation:           !r.NoEnable,
		KubernetesVersion:                     version,
		MinReplicasDeployment:                 r.MinDeployment,
		MinReplicasHPA:                        r.MinHPA,
	}
	parsed, err := p.ParseFiles(files)
	if err != nil {
		return nil, err
	}
	registered := score.RegisterAllChecks(parsed, &checks.Config{IgnoredTests: set(r.Ignored)}, settings)
	card, err := score.Score(parsed, registered, settings)
	if err != nil {
		return nil, err
	}
	objects := map[string][]check{}
	for key, object := range *card {
		objects[key] = answers(object)
	}
	return objects, nil
}

// answers sorts what kube-score keeps in maps: the checks of an object, and labels, whose keys are the paths of comments.
func answers(object *scorecard.ScoredObject) []check {
	all := []check{}
	for _, found := range object.Checks {
		c := check{ID: found.Check.ID, Grade: int(found.Grade), Skipped: found.Skipped, Comments: [][]string{}}
		for _, comment := range found.Comments {
			c.Comments = append(c.Comments, []string{comment.Path, comment.Summary})
		}
		if c.ID == "label-values" {
			slices.SortFunc(c.Comments, slices.Compare)
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b check) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		log.Fatal(err)
	}
	return text
}
