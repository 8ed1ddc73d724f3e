// Command helm answers every request, a JSON text {"chart", "namespace", "values"}, with what Helm makes of a chart in a directory:
// {"objects"} with its definitions of custom resources first, {"notes"}, or {"error"}. With {"yaml"} it answers the objects of a
// stream instead.
package main

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"sort"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"

	"seawall.dev/conformance/frame"
)

type request struct {
	Chart     string
	Namespace string
	Values    map[string]any
	YAML      string
}

type answer struct {
	Objects []any  `json:"objects"`
	Notes   string `json:"notes"`
	Error   string `json:"error,omitempty"`
}

func main() {
	frame.Serve(func(text []byte) []byte {
		var r request
		if err := json.Unmarshal(text, &r); err != nil {
			panic(err)
		}
		a, err := answerTo(&r)
		if err != nil {
			a = answer{Error: err.Error()}
		}
		out, err := json.Marshal(a)
		if err != nil {
			panic(err)
		}
		return out
	})
}

func answerTo(r *request) (a answer, err error) {
	if r.YAML != "" {
		err = a.add(r.YAML)
		return a, err
	}
	chart, err := loader.Load(r.Chart)
	if err != nil {
		return a, err
	}
	if err := chart.Validate(); err != nil {
		return a, err
	}
	release := common.ReleaseOptions{Name: "policy", Namespace: r.Namespace, Revision: 1, IsInstall: true}
	values, err := util.ToRenderValues(chart, r.Values, release, nil)
	if err != nil {
		return a, err
	}
	rendered, err := engine.Render(chart, values)
	if err != nil {
		return a, err
	}
	for _, crd := range chart.CRDObjects() {
		if err := a.add(string(crd.File.Data)); err != nil {
			return a, err
		}
	}
	names := make([]string, 0, len(rendered))
	for name := range rendered {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if path.Base(name) == "NOTES.txt" {
			a.Notes = rendered[name]
		} else if err := a.add(rendered[name]); err != nil {
			return a, fmt.Errorf("%s: %w", name, err)
		}
	}
	return a, nil
}

var separator = regexp.MustCompile(`(?m)^---\s*$`)

func (a *answer) add(stream string) error {
	for _, document := range separator.Split(stream, -1) {
		var object any
		if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
			return err
		}
		if object != nil && strings.TrimSpace(document) != "" {
			a.Objects = append(a.Objects, object)
		}
	}
	return nil
}
