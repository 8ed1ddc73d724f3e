// Command crd answers every request, a JSON text {"crd", "object"}, with what the API server says of a custom resource that
// is created: {"invalid": why the definition is refused} or {"paths", "composite", "unknown"}: the paths of what is refused,
// those of them that are refused by anyOf, oneOf and not, and the fields that are dropped. With {"pattern", "text"} it
// answers whether a regular expression compiles and matches, with {"format", "text"} whether a text has a format.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/version"
	openapierrors "k8s.io/kube-openapi/pkg/validation/errors"
	"k8s.io/kube-openapi/pkg/validation/strfmt"

	"seawall.dev/conformance/frame"
)

type request struct {
	Schema  json.RawMessage
	Object  json.RawMessage
	Status  bool
	Minor   uint
	Pattern *string
	Format  *string
	Text    string
}

type answer struct {
	Invalid   string   `json:"invalid,omitempty"`
	Refused   []string `json:"refused"`
	Composite []string `json:"composite"`
	Unknown   []string `json:"unknown"`
	Why       []string `json:"why"`
	Yes       bool     `json:"yes"`
}

func main() {
	frame.Serve(func(text []byte) []byte {
		var r request
		if err := json.Unmarshal(text, &r); err != nil {
			panic(err)
		}
		out, err := json.Marshal(answerTo(&r))
		if err != nil {
			panic(err)
		}
		return out
	})
}

func answerTo(r *request) answer {
	switch {
	case r.Pattern != nil:
		re, err := regexp.Compile(*r.Pattern)
		if err != nil {
			return answer{Invalid: err.Error()}
		}
		return answer{Yes: re.MatchString(r.Text)}
	case r.Format != nil:
		return answer{Yes: strfmt.Default.Validates(*r.Format, r.Text)}
	}
	var props apiextensionsv1.JSONSchemaProps
	if err := utiljson.Unmarshal(r.Schema, &props); err != nil {
		return answer{Invalid: err.Error()}
	}
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&props, &internal, nil); err != nil {
		return answer{Invalid: err.Error()}
	}
	structural, err := structuralschema.NewStructural(&internal)
	if err != nil {
		return answer{Invalid: err.Error()}
	}
	if errs := structuralschema.ValidateStructural(nil, structural.DeepCopy()); len(errs) > 0 {
		return answer{Invalid: errs.ToAggregate().Error()}
	}
	if err := defaulting.PruneDefaults(structural); err != nil {
		return answer{Invalid: err.Error()}
	}
	if errs, err := defaulting.ValidateDefaults(context.Background(), nil, structural, true, true); err != nil || len(errs) > 0 {
		return answer{Invalid: fmt.Sprint("default: ", err, errs.ToAggregate())}
	}
	validator, _, err := validation.NewSchemaValidatorForVersion(&internal, version.MajorMinor(1, r.Minor))
	if err != nil {
		return answer{Invalid: err.Error()}
	}
	var object map[string]any
	if err := utiljson.Unmarshal(r.Object, &object); err != nil {
		return answer{Invalid: err.Error()}
	}
	a := answer{Refused: []string{}, Composite: []string{}}
	// The order of customresource_handler.go's unstructuredSchemaCoercer and unstructuredDefaulter, then of the strategy.
	a.Unknown = pruning.PruneWithOptions(object, structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(object, structural)
	if err, more := objectmeta.CoerceWithOptions(nil, object, structural, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true}); err != nil {
		a.Refused = append(a.Refused, tidy(err.Field))
		a.Why = append(a.Why, err.Error())
		return a
	} else {
		a.Unknown = append(a.Unknown, more...)
	}
	defaulting.Default(object, structural)
	if r.Status {
		delete(object, "status")
	}
	for _, err := range validator.Validate(object).Errors {
		a.Why = append(a.Why, err.Error())
		if v, ok := err.(*openapierrors.Validation); ok {
			a.Refused = append(a.Refused, tidy(strings.TrimPrefix(v.Name, ".")))
			continue
		}
		// Those of the compositions name their path in the text alone.
		message := err.Error()
		if quoted, err := strconv.QuotedPrefix(message); err == nil {
			path, _ := strconv.Unquote(quoted)
			if !strings.Contains(message, "(allOf)") {
				a.Composite = append(a.Composite, tidy(strings.TrimPrefix(path, ".")))
			}
			continue
		}
		// Of numbers out of the range of their type.
		at := strings.LastIndex(message, " in ")
		a.Refused = append(a.Refused, tidy(strings.TrimPrefix(message[at+4:], ".")))
	}
	errs := objectmeta.Validate(context.Background(), nil, object, structural, false)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, structural, object)...)
	for _, err := range errs {
		a.Why = append(a.Why, err.Error())
		a.Refused = append(a.Refused, tidy(err.Field))
	}
	return a
}

var key = regexp.MustCompile(`\[([^\]0-9][^\]]*)\]`)

// tidy writes the keys of maps as those of structs.
func tidy(path string) string {
	if path == "<nil>" {
		return ""
	}
	return key.ReplaceAllString(path, ".$1")
}

var _ = field.ErrorList{}
