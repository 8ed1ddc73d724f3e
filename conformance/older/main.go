// Command older answers every request, a JSON text of an object of a built-in kind, with what the strict decoder of an older
// release says: "none" where the release has no such kind, or the fields that it does not know, one a line.
package main

import (
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/client-go/kubernetes/scheme"

	"seawall.dev/conformance/frame"
)

var unknown = regexp.MustCompile(`unknown field "([^"]*)"`)

func main() {
	decoder := json.NewSerializerWithOptions(json.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, json.SerializerOptions{Strict: true})
	frame.Serve(func(request []byte) []byte {
		_, _, err := decoder.Decode(request, nil, nil)
		if runtime.IsNotRegisteredError(err) {
			return []byte("none")
		}
		if err == nil {
			return nil
		}
		var lines []string
		for _, found := range unknown.FindAllStringSubmatch(err.Error(), -1) {
			lines = append(lines, found[1])
		}
		if lines == nil {
			return []byte("error: " + err.Error())
		}
		return []byte(strings.Join(lines, "\n"))
	})
}
