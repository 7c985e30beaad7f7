// Command server is an example of a back end that keeps its conversations in
// Dialogs. It uses an API key, and only the standard library:
//
//	DIALOGS_KEY=$(cat data/development.key) go run ./examples/server
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	api := client{
		url: "http://127.0.0.1:8080/graphql", key: os.Getenv("DIALOGS_KEY"),
		http: &http.Client{Timeout: 10 * time.Second},
	}
	if url := os.Getenv("DIALOGS_URL"); url != "" {
		api.url = url
	}
	if err := openOrder(context.Background(), api); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// openOrder creates a group in which the customer and the seller of an order
// can talk. It is safe to run twice: each step has an idempotencyKey, or
// requests something that is already true.
func openOrder(ctx context.Context, api client) error {
	const define = `mutation { defineCustomClass(input: { name: "Order", fields: [
		{ name: "number", type: INTEGER }, { name: "paid", type: BOOLEAN }] }) { customClass { name } } }`
	if err := api.do(ctx, "", define, nil, nil); err != nil {
		return fmt.Errorf("defining the custom class: %w", err)
	}

	const create = `mutation { createDialog(input: { type: GROUP, name: "Order 4711", ownerId: "alice",
		occupantIds: ["bob"], idempotencyKey: "order-4711" }) { created dialog { id } } }`
	var made struct {
		CreateDialog struct {
			Created bool
			Dialog  struct{ ID string }
		}
	}
	if err := api.do(ctx, "", create, nil, &made); err != nil {
		return fmt.Errorf("creating the group: %w", err)
	}
	id := made.CreateDialog.Dialog.ID
	fmt.Printf("group %s, created now: %v\n", id, made.CreateDialog.Created)

	// On behalf of bob, with only the permissions of bob. The history names bob.
	added, err := api.update(ctx, "bob", id, map[string]any{"addOccupants": []string{"carol"}})
	if err != nil {
		return fmt.Errorf("adding carol for bob: %w", err)
	}
	fmt.Println("occupants:", added.Dialog.OccupantIDs)

	// An answer can get lost. With an idempotencyKey, it is safe to send again.
	paid := map[string]any{
		"customData":     []any{map[string]any{"className": "Order", "fields": map[string]any{"number": 4711, "paid": true}}},
		"idempotencyKey": "order-4711-paid",
	}
	for range 2 {
		set, err := api.update(ctx, "", id, paid)
		if err != nil {
			return fmt.Errorf("recording the payment: %w", err)
		}
		fmt.Printf("paid, at version %d, replayed: %v\n", set.Dialog.Version, set.Replayed)
	}

	// The code and the rule of an error tell a program what went wrong.
	var refused *apiError
	_, err = api.update(ctx, "carol", id, map[string]any{"removeOccupants": []string{"bob"}})
	if !errors.As(err, &refused) {
		return errors.Join(errors.New("carol removed bob without permission"), err)
	}
	fmt.Println("refused:", refused)

	const open = `mutation { createSession(input: { userId: "alice", ttl: 3600 }) { token expiresAt } }`
	var session struct {
		CreateSession struct {
			Token     string
			ExpiresAt time.Time
		}
	}
	if err := api.do(ctx, "", open, nil, &session); err != nil {
		return fmt.Errorf("creating a session for alice: %w", err)
	}
	fmt.Printf("for alice's front end until %s:\n%s\n",
		session.CreateSession.ExpiresAt.Format(time.TimeOnly), session.CreateSession.Token)
	return nil
}
