// Command kubesec scores manifests with kubesec's own rules, without its validation against schemas from the network. A request
// is the text of a file, answered with {"reports": [report], "empty": [bool]}: the reports as kubesec prints them, and which of them
// are of documents without content; with {"error": text}; or with {"crash": text} where a rule panics: kubesec runs its rules in
// goroutines and ends there.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"

	"github.com/controlplaneio/kubesec/v2/pkg/ruler"
	"github.com/ghodss/yaml"
	"go.uber.org/zap"

	"seawall.dev/conformance/frame"
)

func main() {
	rules := ruler.NewRuleset(zap.NewNop().Sugar())
	settings := ruler.NewDefaultSchemaConfig()
	settings.DisableValidation = true
	frame.Serve(func(text []byte) []byte {
		if crash := crashes(rules, text); crash != "" {
			return encode(map[string]string{"crash": crash})
		}
		reports, err := rules.Run("file", text, settings)
		if err != nil {
			return encode(map[string]string{"error": err.Error()})
		}
		return encode(map[string]any{"reports": reports, "empty": empty(text)})
	})
}

// crashes says what a rule panics with, if one does on some document of a file.
func crashes(rules *ruler.Ruleset, text []byte) (crash string) {
	defer func() {
		if r := recover(); r != nil {
			crash = fmt.Sprint(r)
		}
	}()
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		converted, err := yaml.YAMLToJSON(document)
		if err != nil {
			continue
		}
		for _, rule := range rules.Rules {
			rule.Eval(converted)
		}
	}
	return ""
}

// empty says of each document that has a report whether it holds nothing.
func empty(text []byte) []bool {
	all := []bool{}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		if document = bytes.TrimSpace(document); len(document) == 0 || string(document) == "---" {
			continue
		}
		converted, err := yaml.YAMLToJSON(document)
		all = append(all, err == nil && string(converted) == "null")
	}
	return all
}

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		log.Fatal(err)
	}
	return text
}
