// Command server is a back end that keeps its conversations in Dialogs. It
// calls with an API key and needs nothing but the standard library:
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

// openOrder gives the customer and the seller of an order a group to talk in.
// Run twice, it finds what the first run made: each step has a key, or asks
// for what is so already.
func openOrder(ctx context.Context, api client) error {
	const define = `mutation { defineCustomClass(input: { name: "Order", fields: [
		{ name: "number", type: INTEGER }, { name: "paid", type: BOOLEAN }] }) { customClass { name } } }`
	if err := api.do(ctx, "", define, nil, nil); err != nil {
		return fmt.Errorf("defining what an order carries: %w", err)
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

	// As bob, with his rights alone: the history will say that he did it.
	added, err := api.update(ctx, "bob", id, map[string]any{"addOccupants": []string{"carol"}})
	if err != nil {
		return fmt.Errorf("adding carol for bob: %w", err)
	}
	fmt.Println("occupants:", added.Dialog.OccupantIDs)

	// An answer may be lost on its way. With a key it is safe to ask again.
	paid := map[string]any{
		"customData":     []any{map[string]any{"className": "Order", "fields": map[string]any{"number": 4711, "paid": true}}},
		"idempotencyKey": "order-4711-paid",
	}
	for range 2 {
		set, err := api.update(ctx, "", id, paid)
		if err != nil {
			return fmt.Errorf("noting the payment: %w", err)
		}
		fmt.Printf("paid, at version %d, replayed: %v\n", set.Dialog.Version, set.Replayed)
	}

	// A refusal is a value to act on: its code, and the rule that says no.
	var refused *apiError
	_, err = api.update(ctx, "carol", id, map[string]any{"removeOccupants": []string{"bob"}})
	if !errors.As(err, &refused) {
		return errors.Join(errors.New("carol, who may not remove bob, was not refused"), err)
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
		return fmt.Errorf("opening a session for alice: %w", err)
	}
	fmt.Printf("for alice's front end until %s:\n%s\n",
		session.CreateSession.ExpiresAt.Format(time.TimeOnly), session.CreateSession.Token)
	return nil
}
