// Command pods judges pods with k8s.io/pod-security-admission, and reads YAML as its fixtures are meant.
package main

import (
	"encoding/json"
	"fmt"
	"log"

	corev1 "k8s.io/api/core/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"seawall.dev/conformance/frame"
)

// request asks for one of three things.
type request struct {
	// YAML is to be converted to JSON.
	YAML *string `json:"yaml,omitempty"`
	// Labels of a namespace are to be resolved to its policy.
	Labels *map[string]string `json:"labels,omitempty"`
	// Pod is to be judged at each of At, "level:version"; at all levels and versions if At is empty.
	Pod json.RawMessage `json:"pod,omitempty"`
	At  []string        `json:"at,omitempty"`
}

// answer tells each distinct outcome once: Of[i] is the outcome of At[i].
type answer struct {
	At       []string  `json:"at"`
	Of       []int     `json:"of"`
	Outcomes []outcome `json:"outcomes"`
}

type outcome struct {
	Allowed         bool     `json:"allowed"`
	Reasons         []string `json:"reasons"`
	Details         []string `json:"details"`
	ForbiddenReason string   `json:"forbiddenReason"`
	ForbiddenDetail string   `json:"forbiddenDetail"`
}

type resolved struct {
	Policy []string `json:"policy"`
	Errors []string `json:"errors"`
	Joined string   `json:"joined"`
}

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		log.Fatal(err)
	}
	var everywhere []string
	for _, level := range []api.Level{api.LevelPrivileged, api.LevelBaseline, api.LevelRestricted} {
		for minor := 0; minor <= 37; minor++ {
			everywhere = append(everywhere, fmt.Sprintf("%s:v1.%d", level, minor))
		}
		everywhere = append(everywhere, string(level)+":latest")
	}
	frame.Serve(func(bytes []byte) []byte {
		var r request
		if err := json.Unmarshal(bytes, &r); err != nil {
			log.Fatalf("%v: %s", err, bytes)
		}
		switch {
		case r.YAML != nil:
			converted, err := yaml.YAMLToJSON([]byte(*r.YAML))
			if err != nil {
				log.Fatalf("%v: %s", err, *r.YAML)
			}
			return converted
		case r.Labels != nil:
			return encode(resolve(*r.Labels))
		}
		// The API server's decoder: names are case-sensitive.
		var pod corev1.Pod
		if err := utiljson.Unmarshal(r.Pod, &pod); err != nil {
			log.Fatalf("%v: %s", err, r.Pod)
		}
		at := r.At
		if len(at) == 0 {
			at = everywhere
		}
		return encode(judge(evaluator, &pod, at))
	})
}

func judge(evaluator policy.Evaluator, pod *corev1.Pod, at []string) answer {
	a := answer{At: at}
	seen := map[string]int{}
	for _, name := range at {
		result := policy.AggregateCheckResults(evaluator.EvaluatePod(parse(name), &pod.ObjectMeta, &pod.Spec))
		o := outcome{
			Allowed:         result.Allowed,
			Reasons:         result.ForbiddenReasons,
			Details:         result.ForbiddenDetails,
			ForbiddenReason: result.ForbiddenReason(),
			ForbiddenDetail: result.ForbiddenDetail(),
		}
		key := fmt.Sprintf("%q %q", o.Reasons, o.Details)
		index, ok := seen[key]
		if !ok {
			index = len(a.Outcomes)
			seen[key] = index
			a.Outcomes = append(a.Outcomes, o)
		}
		a.Of = append(a.Of, index)
	}
	return a
}

func parse(name string) api.LevelVersion {
	for _, level := range []api.Level{api.LevelPrivileged, api.LevelBaseline, api.LevelRestricted} {
		if prefix := string(level) + ":"; len(name) > len(prefix) && name[:len(prefix)] == prefix {
			version, err := api.ParseVersion(name[len(prefix):])
			if err != nil {
				log.Fatal(err)
			}
			return api.LevelVersion{Level: level, Version: version}
		}
	}
	log.Fatalf("no level: %s", name)
	return api.LevelVersion{}
}

func resolve(labels map[string]string) resolved {
	none := api.LevelVersion{Level: api.LevelPrivileged, Version: api.LatestVersion()}
	p, errs := api.PolicyToEvaluate(labels, api.Policy{Enforce: none, Audit: none, Warn: none})
	r := resolved{Policy: []string{p.Enforce.String(), p.Audit.String(), p.Warn.String()}}
	for _, err := range errs {
		r.Errors = append(r.Errors, err.Error())
	}
	if len(errs) > 0 {
		r.Joined = errs.ToAggregate().Error()
	}
	return r
}

func encode(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		log.Fatal(err)
	}
	return encoded
}
