// Command gotypes prints the Go types of the fields of all built-in kinds, which OpenAPI does not tell: one field a line,
// as package path and struct, JSON name, type as Go prints it, and the names of the embedded structs that hold it.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"reflect"
	"sort"
	"strings"

	"k8s.io/client-go/kubernetes/scheme"
)

// lines holds what is to be printed, seen the structs that are done.
var (
	lines []string
	seen  = map[reflect.Type]bool{}
)

// elem is what a type holds in the end: the type behind pointers, lists and maps.
func elem(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return t
}

func visit(t reflect.Type) {
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	fields(t, t, nil)
}

// fields adds the fields of t to those of the struct owner, which holds it by the embedded fields in via.
func fields(owner, t reflect.Type, via []string) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" || !field.IsExported() {
			continue
		}
		if field.Anonymous && name == "" && elem(field.Type).Kind() == reflect.Struct {
			fields(owner, elem(field.Type), append(via[:len(via):len(via)], field.Name))
			continue
		}
		if name == "" {
			name = field.Name
		}
		kind := field.Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		owned := owner.PkgPath() + "." + owner.Name()
		lines = append(lines, strings.Join([]string{owned, name, kind.String(), strings.Join(via, ".")}, "\t"))
		visit(elem(field.Type))
	}
}

func main() {
	for _, t := range scheme.Scheme.AllKnownTypes() {
		visit(t)
	}
	sort.Strings(lines)
	out := bufio.NewWriter(os.Stdout)
	for _, line := range lines {
		if _, err := fmt.Fprintln(out, line); err != nil {
			log.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}
