// Command typed decodes documents into the types of client-go's scheme, as the API server does in strict mode.
package main

import (
	"encoding/json"
	"log"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/client-go/kubernetes/scheme"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"seawall.dev/conformance/frame"
)

// answer says what becomes of a document.
type answer struct {
	// Class is "accepted", "refused", "unregistered" (no such kind), "unmarked" (kind or apiVersion missing) or "unread".
	Class string `json:"class"`
	// Error is the decoder's text.
	Error string `json:"error"`
	// Unknown and Duplicate are the fields that strict decoding complains about.
	Unknown   []string `json:"unknown"`
	Duplicate []string `json:"duplicate"`
	// YAMLDuplicate tells that strict conversion to JSON refuses the YAML.
	YAMLDuplicate bool `json:"yamlDuplicate"`
}

var decoder = serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, scheme.Scheme, scheme.Scheme,
	serializer.SerializerOptions{Strict: true})

// decode answers a document after a letter: j for JSON, y for YAML.
func decode(request []byte) (out answer) {
	out.Unknown, out.Duplicate = []string{}, []string{}
	document := request[1:]
	if request[0] == 'y' {
		asJSON, err := yaml.YAMLToJSON(document)
		if err != nil {
			out.Class, out.Error = "unread", err.Error()
			return out
		}
		_, err = yaml.YAMLToJSONStrict(document)
		out.YAMLDuplicate = err != nil
		document = asJSON
	}
	_, _, err := decoder.Decode(document, nil, nil)
	strict, isStrict := runtime.AsStrictDecodingError(err)
	switch {
	case err == nil:
		out.Class = "accepted"
	case isStrict:
		out.Class = "accepted"
		for _, e := range strict.Errors() {
			field, ok := e.(kjson.FieldError)
			switch {
			case ok && strings.HasPrefix(e.Error(), "unknown"):
				out.Unknown = append(out.Unknown, field.FieldPath())
			case ok && strings.HasPrefix(e.Error(), "duplicate"):
				out.Duplicate = append(out.Duplicate, field.FieldPath())
			default:
				log.Fatalf("a strict error of another kind: %v", e)
			}
		}
	case runtime.IsNotRegisteredError(err):
		out.Class, out.Error = "unregistered", err.Error()
	case runtime.IsMissingKind(err) || runtime.IsMissingVersion(err):
		out.Class, out.Error = "unmarked", err.Error()
	default:
		out.Class, out.Error = "refused", err.Error()
	}
	return out
}

func main() {
	frame.Serve(func(request []byte) []byte {
		out, err := json.Marshal(decode(request))
		if err != nil {
			log.Fatal(err)
		}
		return out
	})
}
