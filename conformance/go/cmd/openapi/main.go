// Command openapi holds objects of built-in kinds against Kubernetes' OpenAPI. The first request is the path of its
// swagger.json; each other one is an object, and the answer a list of JSON Pointers of the fields that are required and
// missing.
package main

import (
	"bytes"
	"encoding/json"
	"log"
	"os"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"seawall.dev/conformance/frame"
)

type definition struct {
	Kinds []struct{ Group, Version, Kind string } `json:"x-kubernetes-group-version-kind"`
}

func main() {
	var compiler *jsonschema.Compiler
	names := map[string]string{}
	schemas := map[string]*jsonschema.Schema{}
	frame.Serve(func(request []byte) []byte {
		if compiler == nil {
			compiler = load(string(request), names)
			return nil
		}
		object, err := jsonschema.UnmarshalJSON(bytes.NewReader(request))
		if err != nil {
			log.Fatal(err)
		}
		fields := object.(map[string]any)
		name := names[fields["apiVersion"].(string)+" "+fields["kind"].(string)]
		if schemas[name] == nil {
			if schemas[name], err = compiler.Compile("swagger.json#/definitions/" + name); err != nil {
				log.Fatal(err)
			}
		}
		missing := []string{}
		if err := schemas[name].Validate(object); err != nil {
			collect(err.(*jsonschema.ValidationError), &missing)
		}
		out, err := json.Marshal(missing)
		if err != nil {
			log.Fatal(err)
		}
		return out
	})
}

// load reads the definitions and which of them is which kind.
func load(path string, names map[string]string) *jsonschema.Compiler {
	text, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	var swagger struct{ Definitions map[string]definition }
	if err := json.Unmarshal(text, &swagger); err != nil {
		log.Fatal(err)
	}
	for name, d := range swagger.Definitions {
		// Those that stand for every version, such as DeleteOptions, are of none.
		for _, k := range d.Kinds {
			version := strings.TrimPrefix(k.Group+"/"+k.Version, "/")
			if len(d.Kinds) == 1 {
				names[version+" "+k.Kind] = name
			} else if names[version+" "+k.Kind] == "" {
				names[version+" "+k.Kind] = name
			}
		}
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		log.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4)
	if err := compiler.AddResource("swagger.json", document); err != nil {
		log.Fatal(err)
	}
	return compiler
}

func collect(err *jsonschema.ValidationError, missing *[]string) {
	if required, ok := err.ErrorKind.(*kind.Required); ok {
		for _, name := range required.Missing {
			*missing = append(*missing, strings.Join(append([]string{""}, append(err.InstanceLocation, name)...), "/"))
		}
	}
	for _, cause := range err.Causes {
		collect(cause, missing)
	}
}
