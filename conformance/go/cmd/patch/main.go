// Command patch applies a patch to an object as the API server does. A request is a JSON object with `object`, `patch`
// and `strategic` (else it is a JSON Patch); the answer is the patched object in JSON, or a line `!` and the error.
package main

import (
	"bytes"
	"encoding/json"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"

	"seawall.dev/conformance/frame"
)

type request struct {
	Object    json.RawMessage `json:"object"`
	Patch     json.RawMessage `json:"patch"`
	Strategic bool            `json:"strategic"`
}

func main() {
	frame.Serve(func(data []byte) []byte {
		answer, err := answer(data)
		if err != nil {
			return []byte("!" + err.Error())
		}
		return answer
	})
}

func encoded(object []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

func answer(data []byte) ([]byte, error) {
	var r request
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, err
	}
	// The API server patches what it has encoded itself.
	object, err := encoded(r.Object)
	if err != nil {
		return nil, err
	}
	if !r.Strategic {
		patch, err := jsonpatch.DecodePatch(r.Patch)
		if err != nil {
			return nil, err
		}
		return patch.Apply(object)
	}
	var meta v1.TypeMeta
	if err := json.Unmarshal(r.Object, &meta); err != nil {
		return nil, err
	}
	typed, err := scheme.Scheme.New(meta.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	return strategicpatch.StrategicMergePatch(object, r.Patch, typed)
}
