// Command generate writes the generated code of the API: the models and the executor
// of gqlgen, with templates of our own where objects and lists are written. It runs in
// the directory of gqlgen.yml; make generate calls it.
package main

import (
	"fmt"
	"os"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen"
	"github.com/99designs/gqlgen/codegen/config"
	"github.com/99designs/gqlgen/codegen/templates"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate() error {
	settings, err := config.LoadConfigFromDefaultLocations()
	if err != nil {
		return err
	}
	settings.SkipValidation = true // the compiler follows
	var known known
	if err := api.Generate(settings, api.AddPlugin(&known)); err != nil {
		return err
	}
	files, err := edited()
	if err != nil {
		return err
	}
	// Once more, with the edited templates.
	return templates.Render(templates.Options{
		PackageName: settings.Exec.Package, Filename: settings.Exec.Filename, Data: known.data,
		RegionTags: true, GeneratedHeader: true, Packages: settings.Packages, PruneOptions: settings.GetPruneOptions(),
		TemplateFS: files, Funcs: functions(),
	})
}

// known is a plugin that keeps what gqlgen knows about the schema.
type known struct{ data *codegen.Data }

// Name names the plugin.
func (*known) Name() string { return "known" }

// GenerateCode keeps the data.
func (k *known) GenerateCode(d *codegen.Data) error {
	k.data = d
	return nil
}
