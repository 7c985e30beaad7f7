package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"testing/fstest"
)

//go:embed text_.gotpl
var text []byte

// An edit replaces a part of a template of gqlgen's. It fails when the part is not
// there exactly once: then gqlgen has changed, and the edit must follow.
type edit struct{ file, from, to string }

var edits = []edit{
	// Objects are written by the template "text".
	{
		"object.gotpl", "{{- range $object := .Objects }}\n",
		"{{ template \"reads\" . }}\n{{- range $object := .Objects }}\n",
	},
	{
		"object.gotpl", "{{- else }}\n\nfunc {{$.FuncReceiver}}_{{$object.Name}}(ctx context.Context, {{$.ECFuncParam}}sel ast.SelectionSet{{ if not",
		"{{- else if root $object }}\n{{ template \"root\" $object }}\n{{- else if written $object }}\n{{ template \"text\" $object }}\n{{- else }}\n\nfunc {{$.FuncReceiver}}_{{$object.Name}}(ctx context.Context, {{$.ECFuncParam}}sel ast.SelectionSet{{ if not",
	},
	// The text of an answer is made at once.
	{
		"internal!.gotpl", "var buf bytes.Buffer\n\t\t\tdata.MarshalGQL(&buf)\n\t\t\tresponse.Data = buf.Bytes()\n",
		"response.Data = {{ lookupImport \"dialogs/graph/answer\" }}.Text(data)\n",
	},
	{
		"internal!.gotpl", "var buf bytes.Buffer\n\t\t\tdata.MarshalGQL(&buf)\n\n\t\t\treturn &graphql.Response{\n\t\t\t\tData:       buf.Bytes(),",
		"return &graphql.Response{\nData: {{ lookupImport \"dialogs/graph/answer\" }}.Text(data),",
	},
	// No resolver asks for inputs by their types, so there is no index of them.
	{
		"internal!.gotpl", "inputUnmarshalers := func() *graphql.InputUnmarshalerIndex {\n",
		"{{- if false }}\n",
	},
	{
		"internal!.gotpl", "\t\t)\n\t}\n\tfirst := true\n",
		"\t\t)\n\t}\n{{- end }}\n\tfirst := true\n",
	},
	{
		"internal!.gotpl", "ctx = graphql.WithLazyInputUnmarshalerIndex(ctx, inputUnmarshalers)\n\t\t\t\t{{ if .AllDirectives.LocationDirectives \"QUERY\" -}}",
		"{{ if .AllDirectives.LocationDirectives \"QUERY\" -}}",
	},
	{
		"internal!.gotpl", "ctx = graphql.WithLazyInputUnmarshalerIndex(ctx, inputUnmarshalers)\n\t\t\t{{ if .AllDirectives.LocationDirectives \"MUTATION\" -}}",
		"{{ if .AllDirectives.LocationDirectives \"MUTATION\" -}}",
	},
	// Fields that it writes need no function.
	{
		"field.gotpl", "{{- range $object := .Objects }}{{- range $field := $object.Fields }}\n",
		"{{- range $object := .Objects }}{{- range $field := $object.Fields }}{{- if not (form $field) }}\n",
	},
	{
		"field.gotpl", "{{- /* Scalar/enum fields without args",
		"{{- end }}{{- /* Scalar/enum fields without args",
	},
	// Arguments are read without a path.
	{
		"args.gotpl", "arg{{$i}}, err := graphql.ProcessArgField(",
		"arg{{$i}}, err := {{ lookupImport \"dialogs/graph/answer\" }}.Argument(",
	},
	// Items of lists are only prepared at the same time when they read.
	{
		"type.gotpl", "ret := graphql.MarshalSliceConcurrently(ctx, len(v), {{ $.Config.Exec.WorkerLimit }}, {{ $.Config.OmitPanicHandler }}, func(ctx",
		"way := {{ lookupImport \"dialogs/graph/answer\" }}.WayOf(sel, {{ fields $ $type.Elem }}, fieldsThatRead)\nret := answer.List(ctx, len(v), way, func(ctx",
	},
	{
		"type.gotpl", "fc := graphql.GetFieldContext(ctx)\n\t\t\t\t\t\tfc.Result = &v[i]\n\t\t\t\t\t\treturn {{",
		"answer.At(ctx, way, &v[i])\n{{- if direct $ $type.Elem }}\nreturn ec._{{ $type.Elem.Definition.Name }}(ctx, sel, &v[i])\n{{- else }}\nreturn {{",
	},
	{
		"type.gotpl", "$type.Elem.MarshalFunc }}(ctx, {{$.ECArg}}sel, v[i])\n\t\t\t\t\t})",
		"$type.Elem.MarshalFunc }}(ctx, {{$.ECArg}}sel, v[i])\n{{- end }}\n\t\t\t\t\t})",
	},
}

// edited are the templates of gqlgen's with the edits, and our own.
func edited() (fs.FS, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/99designs/gqlgen").Output()
	if err != nil {
		return nil, fmt.Errorf("finding gqlgen: %w", err)
	}
	original := os.DirFS(string(bytes.TrimSpace(dir)) + "/codegen")
	names, err := fs.Glob(original, "*.gotpl")
	if err != nil {
		return nil, err
	}
	files := fstest.MapFS{"text_.gotpl": {Data: text}}
	for _, name := range names {
		content, err := fs.ReadFile(original, name)
		if err != nil {
			return nil, err
		}
		files[name] = &fstest.MapFile{Data: content}
	}
	for _, e := range edits {
		file := files[e.file]
		if file == nil || bytes.Count(file.Data, []byte(e.from)) != 1 {
			return nil, fmt.Errorf("%s of this version of gqlgen does not have exactly one %q", e.file, e.from)
		}
		file.Data = bytes.Replace(file.Data, []byte(e.from), []byte(e.to), 1)
	}
	return files, nil
}
