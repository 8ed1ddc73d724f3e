// Command bench is the reference's side of benches/src/bin/side_by_side.rs. A request is a letter and what belongs to it:
//
//	f<yaml>     a fixture to work on; answered with the pod as the API server writes it in JSON
//	e<rounds>   evaluate all fixtures, decoded before, at restricted:latest, that many times
//	t<rounds>   the same, and join the forbidden detail
//	j<rounds>   decode the JSON and evaluate
//	y<rounds>   convert the YAML to JSON, decode that and evaluate
//
// Work is answered with the CPU time of the whole process in nanoseconds and the number of pods allowed.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"runtime"
	"strconv"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	"seawall.dev/conformance/frame"
)

type fixture struct {
	yaml, json []byte
	pod        corev1.Pod
}

var (
	fixtures []*fixture
	at       = api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	// sink keeps results alive, so that no work is optimised away.
	sink int
)

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		log.Fatal(err)
	}
	evaluate := func(pod *corev1.Pod) policy.AggregateCheckResult {
		return policy.AggregateCheckResults(evaluator.EvaluatePod(at, &pod.ObjectMeta, &pod.Spec))
	}
	work := map[byte]func(f *fixture) bool{
		'e': func(f *fixture) bool { return evaluate(&f.pod).Allowed },
		't': func(f *fixture) bool {
			result := evaluate(&f.pod)
			if !result.Allowed {
				sink += len(result.ForbiddenReason()) + len(result.ForbiddenDetail())
			}
			return result.Allowed
		},
		'j': func(f *fixture) bool { return evaluate(decode(f.json)).Allowed },
		'y': func(f *fixture) bool { return evaluate(decode(convert(f.yaml))).Allowed },
	}
	frame.Serve(func(request []byte) []byte {
		if request[0] == 'f' {
			return add(request[1:])
		}
		rounds, err := strconv.Atoi(string(request[1:]))
		if err != nil {
			log.Fatal(err)
		}
		return measure(rounds, work[request[0]])
	})
}

func convert(text []byte) []byte {
	converted, err := yaml.YAMLToJSON(text)
	if err != nil {
		log.Fatalf("%v: %s", err, text)
	}
	return converted
}

func decode(text []byte) *corev1.Pod {
	var pod corev1.Pod
	if err := utiljson.Unmarshal(text, &pod); err != nil {
		log.Fatalf("%v: %s", err, text)
	}
	return &pod
}

func add(text []byte) []byte {
	f := &fixture{yaml: text, pod: *decode(convert(text))}
	encoded, err := json.Marshal(&f.pod)
	if err != nil {
		log.Fatal(err)
	}
	f.json = encoded
	fixtures = append(fixtures, f)
	return encoded
}

func measure(rounds int, work func(f *fixture) bool) []byte {
	runtime.GC()
	allowed := 0
	start := cpu()
	for range rounds {
		for _, f := range fixtures {
			if work(f) {
				allowed++
			}
		}
	}
	return fmt.Appendf(nil, "%d %d", cpu()-start, allowed)
}

// cpu returns the CPU time that the process has used, garbage collector included, in nanoseconds.
func cpu() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
