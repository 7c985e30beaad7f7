// Command mirror is an example of a back end that keeps a copy of all dialogs in a
// database of its own: it reads them once, and then applies what webhooks deliver.
//
//	dialogs webhook add http://127.0.0.1:9000/ --with-dialog --webhook-allow 127.0.0.1
//	DIALOGS_KEY=… WEBHOOK_SECRET=whsec_… go run ./examples/mirror mirror.db
//
// The server needs --webhook-allow 127.0.0.1, too.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "mirror:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: %s DATABASE", os.Args[0])
	}
	db, err := openDatabase(ctx, os.Args[1])
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	m := &mirror{
		db:     db,
		api:    client{url: or(os.Getenv("DIALOGS_URL"), "http://127.0.0.1:8080/graphql"), key: os.Getenv("DIALOGS_KEY")},
		secret: os.Getenv("WEBHOOK_SECRET"),
	}
	// Deliveries that come while everything is read are applied as well: of two
	// versions of a dialog, the higher one stays.
	server := &http.Server{Addr: or(os.Getenv("LISTEN"), "127.0.0.1:9000"), Handler: m, ReadTimeout: 20 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	if err := m.start(ctx); err != nil {
		return err
	}
	fmt.Println("copying")
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Shutdown(context.WithoutCancel(ctx))
	}
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
