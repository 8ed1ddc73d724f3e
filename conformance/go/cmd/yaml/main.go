// Command yaml answers what Kubernetes reads from a file. The first byte of a request is the mode: 's' for a stream as
// kubectl reads it, 'c' for one chunk through sigs.k8s.io/yaml. The answer is one line per document in canonical JSON
// (compact, keys sorted, numbers as literals), then a line `!` and the error, if there is one, and a line `?` if the
// result depends on the order in which Go walks a map.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	yamlv2 "go.yaml.in/yaml/v2"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	k8syaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"seawall.dev/conformance/frame"
)

func main() { frame.Serve(answer) }

func answer(request []byte) (out []byte) {
	var b bytes.Buffer
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintf(&b, "!panic: %s\n", line(fmt.Sprint(r)))
		}
		out = b.Bytes()
	}()
	data := request[1:]
	var err error
	if request[0] == 's' {
		err = stream(&b, data)
	} else {
		var j []byte
		if j, err = yaml.YAMLToJSON(data); err == nil {
			err = canonical(&b, j)
		}
	}
	if err != nil {
		fmt.Fprintf(&b, "!%s\n", line(err.Error()))
	}
	if ambiguous(request[0], data) {
		b.WriteString("?\n")
	}
	return nil
}

func line(s string) string { return strings.ReplaceAll(s, "\n", " ") }

// stream is the loop of cli-runtime's StreamVisitor, with the decoding of numbers that follows it.
func stream(b *bytes.Buffer, data []byte) error {
	d := k8syaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		ext := runtime.RawExtension{}
		if err := d.Decode(&ext); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		ext.Raw = bytes.TrimSpace(ext.Raw)
		if len(ext.Raw) == 0 || bytes.Equal(ext.Raw, []byte("null")) {
			continue
		}
		var untyped any
		if err := utiljson.Unmarshal(ext.Raw, &untyped); err != nil {
			return err
		}
		if err := canonical(b, ext.Raw); err != nil {
			return err
		}
	}
}

func canonical(b *bytes.Buffer, j []byte) error {
	d := json.NewDecoder(bytes.NewReader(j))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return err
	}
	write(b, v)
	b.WriteByte('\n')
	return nil
}

func write(b *bytes.Buffer, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		fmt.Fprint(b, v)
	case json.Number:
		b.WriteString(v.String())
	case string:
		text(b, v)
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, item)
		}
		b.WriteByte(']')
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		b.WriteByte('{')
		for i, k := range keys {
			if i > 0 {
				b.WriteByte(',')
			}
			text(b, k)
			b.WriteByte(':')
			write(b, v[k])
		}
		b.WriteByte('}')
	}
}

func text(b *bytes.Buffer, s string) {
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20:
			fmt.Fprintf(b, "\\u%04x", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}

// ambiguous tells whether a mapping holds keys that differ in Go's map but not in JSON.
func ambiguous(mode byte, data []byte) bool {
	if mode != 's' {
		return collides(data)
	}
	r := k8syaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		chunk, err := r.Read()
		if err != nil {
			return false
		}
		if collides(chunk) {
			return true
		}
	}
}

func collides(chunk []byte) bool {
	var v any
	if yamlv2.Unmarshal(chunk, &v) != nil {
		return false
	}
	return walk(v)
}

func walk(v any) bool {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if walk(item) {
				return true
			}
		}
	case map[any]any:
		seen := map[string]bool{}
		for k, item := range v {
			if walk(item) {
				return true
			}
			var name string
			if f, ok := k.(float64); ok {
				name = strconv.FormatFloat(f, 'g', -1, 32)
				if special, ok := map[string]string{"NaN": ".nan", "+Inf": ".inf", "-Inf": "-.inf"}[name]; ok {
					name = special
				}
			} else {
				name = fmt.Sprint(k)
			}
			if seen[name] {
				return true
			}
			seen[name] = true
		}
	}
	return false
}
