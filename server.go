// Command dialogs serves chat conversations ("dialogs") as an API.
//
// The program itself is package cli; this file gives it the arguments, the
// environment and the signals of the process.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"dialogs/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process, as it would any other
	code := cli.Run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
