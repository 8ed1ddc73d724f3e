// Command apifields prints the fields of the structs in copies of the module k8s.io/api, one a line: the number of the copy,
// package path and struct, JSON name; and of fields whose type is marked +enum the values, separated by blanks.
package main

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

const module = "k8s.io/api"

// pkg holds what a package declares.
type pkg struct {
	structs map[string]*ast.StructType
	imports map[string]map[string]string
	// owner is the file of a struct.
	owner map[string]string
	// enums holds the values of types that are marked.
	enums map[string][]string
}

func parse(dir string) (*pkg, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	p := &pkg{map[string]*ast.StructType{}, map[string]map[string]string{}, map[string]string{}, map[string][]string{}}
	marked := map[string]bool{}
	values := map[string][]string{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(filepath.Base(name), "generated.") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		imports := map[string]string{}
		for _, spec := range file.Imports {
			full := strings.Trim(spec.Path.Value, `"`)
			short := path.Base(full)
			if spec.Name != nil {
				short = spec.Name.Name
			}
			imports[short] = full
		}
		p.imports[name] = imports
		for _, declared := range file.Decls {
			group, ok := declared.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range group.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if fields, ok := spec.Type.(*ast.StructType); ok {
						p.structs[spec.Name.Name] = fields
						p.owner[spec.Name.Name] = name
					}
					for _, doc := range []*ast.CommentGroup{group.Doc, spec.Doc} {
						if doc == nil {
							continue
						}
						for _, line := range doc.List {
							if strings.TrimSpace(strings.TrimPrefix(line.Text, "//")) == "+enum" {
								marked[spec.Name.Name] = true
							}
						}
					}
				case *ast.ValueSpec:
					kind, ok := spec.Type.(*ast.Ident)
					if !ok || group.Tok != token.CONST {
						continue
					}
					for _, value := range spec.Values {
						if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
							text, err := strconv.Unquote(literal.Value)
							if err != nil {
								return nil, err
							}
							values[kind.Name] = append(values[kind.Name], text)
						}
					}
				}
			}
		}
	}
	for name := range marked {
		p.enums[name] = values[name]
	}
	return p, nil
}

// copies holds the packages of one copy by import path.
type copies map[string]*pkg

// fields calls each with the JSON names of a struct and the named types of the fields, embedded structs included.
func (c copies) fields(in, name string, each func(json string, values []string)) {
	p := c[in]
	if p == nil || p.structs[name] == nil {
		return
	}
	for _, field := range p.structs[name].Fields.List {
		tag := ""
		if field.Tag != nil {
			tag = reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json")
		}
		json, _, _ := strings.Cut(tag, ",")
		kind := field.Type
		if pointer, ok := kind.(*ast.StarExpr); ok {
			kind = pointer.X
		}
		if len(field.Names) == 0 && json == "" {
			switch kind := kind.(type) {
			case *ast.Ident:
				c.fields(in, kind.Name, each)
			case *ast.SelectorExpr:
				from := kind.X.(*ast.Ident).Name
				c.fields(p.imports[p.owner[name]][from], kind.Sel.Name, each)
			}
			continue
		}
		if json == "" || json == "-" {
			continue
		}
		var values []string
		switch kind := kind.(type) {
		case *ast.Ident:
			values = p.enums[kind.Name]
		case *ast.SelectorExpr:
			if from := c[p.imports[p.owner[name]][kind.X.(*ast.Ident).Name]]; from != nil {
				values = from.enums[kind.Sel.Name]
			}
		}
		each(json, values)
	}
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	for number, root := range os.Args[1:] {
		all := copies{}
		err := filepath.WalkDir(root, func(dir string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			below, err := filepath.Rel(root, dir)
			if err != nil {
				return err
			}
			p, err := parse(dir)
			all[path.Join(module, filepath.ToSlash(below))] = p
			return err
		})
		if err != nil {
			log.Fatal(err)
		}
		var lines []string
		for in, p := range all {
			for name := range p.structs {
				all.fields(in, name, func(json string, values []string) {
					sort.Strings(values)
					lines = append(lines, fmt.Sprintf("%d\t%s.%s\t%s\t%s", number, in, name, json, strings.Join(values, " ")))
				})
			}
		}
		sort.Strings(lines)
		for _, line := range lines {
			if _, err := fmt.Fprintln(out, line); err != nil {
				log.Fatal(err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}
