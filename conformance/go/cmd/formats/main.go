// Command formats reads reports as their consumers do. A request is a line that names what it is and the text behind it; the
// answer is JSON.
//
//	schema    the JSON Schema of SARIF, for the requests that follow
//	sarif     what the schema has against a log, and its results as go-sarif reads them
//	junit     test cases as go-junit reads them
//	markdown  HTML as goldmark writes it, with the extensions of GitHub
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"strings"

	"github.com/joshdk/go-junit"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"seawall.dev/conformance/frame"
)

// Answer is what is answered to every request; what does not apply is empty.
type Answer struct {
	// Wrong is why the text is refused.
	Wrong string `json:"wrong"`
	// Entries are results or test cases.
	Entries [][]string `json:"entries"`
	HTML    string     `json:"html"`
}

var schema *jsonschema.Schema

func main() {
	frame.Serve(func(request []byte) []byte {
		kind, text, _ := bytes.Cut(request, []byte("\n"))
		answer := Answer{Entries: [][]string{}}
		var err error
		switch string(kind) {
		case "schema":
			err = compile(text)
		case "sarif":
			answer.Entries, err = results(text)
		case "junit":
			answer.Entries, err = cases(text)
		case "markdown":
			answer.HTML, err = markdown(text)
		default:
			log.Fatalf("unknown request %q", kind)
		}
		if err != nil {
			answer.Wrong = err.Error()
		}
		out, err := json.Marshal(answer)
		if err != nil {
			log.Fatal(err)
		}
		return out
	})
}

func compile(text []byte) error {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("sarif.json", document); err != nil {
		return err
	}
	schema, err = compiler.Compile("sarif.json")
	return err
}

// results gives rule, level, URI, line and message of every result.
func results(text []byte) ([][]string, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if err := schema.Validate(document); err != nil {
		return nil, err
	}
	read, err := sarif.FromBytes(text)
	if err != nil {
		return nil, err
	}
	entries := [][]string{}
	for _, run := range read.Runs {
		for _, result := range run.Results {
			place := result.Locations[0].PhysicalLocation
			entries = append(entries, []string{
				*result.RuleID,
				result.Level,
				*place.ArtifactLocation.URI,
				fmt.Sprint(*place.Region.StartLine),
				*result.Message.Text,
			})
		}
	}
	return entries, nil
}

// cases gives class, name, status and message of every test case.
func cases(text []byte) ([][]string, error) {
	suites, err := junit.Ingest(text)
	if err != nil {
		return nil, err
	}
	entries := [][]string{}
	for _, suite := range suites {
		for _, test := range suite.Tests {
			message := test.Message
			if failure, ok := test.Error.(junit.Error); ok {
				message = failure.Message
			}
			entries = append(entries, []string{test.Classname, test.Name, string(test.Status), message})
		}
	}
	return entries, nil
}

func markdown(text []byte) (string, error) {
	var out strings.Builder
	// Raw HTML is let through, as sites do before they sanitise it: what is in it has to be harmless by itself.
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	err := md.Convert(text, &out)
	return out.String(), err
}
