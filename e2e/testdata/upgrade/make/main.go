// Make writes a fixture of what a program stores: see the README beside the fixtures.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// A fixture is what the test reads: the key to ask with, and what the program answered.
type fixture struct {
	Secret  string `json:"secret"`
	Key     string `json:"key"`
	Answers []ask  `json:"answers"`
}

// An ask is a request, on behalf of a user if there is one, and its answer.
type ask struct {
	User  string          `json:"user,omitempty"`
	Query string          `json:"query"`
	Data  json.RawMessage `json:"data"`
}

func main() {
	if len(os.Args) != 6 {
		log.Fatal("usage: make PROGRAM SCHEMA STORE OPERATIONS OUTPUT")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]); err != nil {
		log.Fatal(err)
	}
}

func run(program, schema, store, operations, output string) error {
	f := fixture{Secret: strings.Repeat("fixture-", 4)}
	environ := append(os.Environ(), "DIALOGS_STORE="+store, "DIALOGS_SECRET="+f.Secret)
	create := exec.Command(program, "apikey", "create", "backend")
	create.Env, create.Stderr = environ, os.Stderr
	key, err := create.Output()
	if err != nil {
		return err
	}
	f.Key = strings.TrimSpace(string(key))
	serve := exec.Command(program, "serve", "--listen", "127.0.0.1:0", "--log-format", "json")
	serve.Env = environ
	said, err := serve.StderrPipe()
	if err != nil {
		return err
	}
	if err := serve.Start(); err != nil {
		return err
	}
	err = f.fill(said, schema, operations)
	if stopped := errors.Join(serve.Process.Signal(os.Interrupt), serve.Wait()); err == nil {
		err = stopped
	}
	if err != nil {
		return err
	}
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := os.WriteFile(output+".json", append(text, '\n'), 0o600); err != nil {
		return err
	}
	if strings.HasPrefix(store, "mongodb://") {
		return dumpMongo(store, output+".documents")
	}
	return dumpSQLite(filepath.Join(store, "dialogs.db"), output+".sql")
}

// fill sends the operations that the program knows, and keeps the answers to the queries.
// Each has a heading: the first schema with it, the caller, and a name for the first id
// in its answer, or "done" to repeat it until its job is.
func (f *fixture) fill(said io.Reader, schema, operations string) error {
	url, err := address(said)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(operations)
	if err != nil {
		return err
	}
	kept := map[string]string{}
	for _, block := range strings.Split(string(text), "\n# ")[1:] {
		heading, query, _ := strings.Cut(block, "\n")
		since, heading, _ := strings.Cut(heading, " ")
		user, name, _ := strings.Cut(heading, " ")
		if len(since) > len(schema) || len(since) == len(schema) && since > schema { // as numbers
			continue
		}
		if user == "server" {
			user = ""
		}
		for name, id := range kept {
			query = strings.ReplaceAll(query, "$"+name, id)
		}
		data, err := f.post(url, user, query)
		for err == nil && name == "done" && !bytes.Contains(data, []byte(`"done":true`)) {
			time.Sleep(time.Second) // until the next step of the job
			data, err = f.post(url, user, query)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
		if id := firstID.FindSubmatch(data); name != "" && id != nil {
			kept[name] = string(id[1])
		}
		if strings.HasPrefix(query, "query") {
			f.Answers = append(f.Answers, ask{user, query, data})
		}
	}
	return nil
}

var (
	firstID  = regexp.MustCompile(`"id":"([0-9a-f]{24})"`)
	listener = regexp.MustCompile(`127\.0\.0\.1:[1-9]\d*`)
)

func address(said io.Reader) (string, error) {
	var all []byte
	for buffer := make([]byte, 4096); ; {
		n, err := said.Read(buffer)
		all = append(all, buffer[:n]...)
		if found := listener.Find(all); found != nil {
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return "http://" + string(found) + "/graphql", nil
		}
		if err != nil {
			return "", fmt.Errorf("%w: %s", err, all)
		}
	}
}

func (f *fixture) post(url, user, query string) (json.RawMessage, error) {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "ApiKey "+f.Key)
	if user != "" {
		request.Header.Set("On-Behalf-Of", user)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer struct{ Data, Errors json.RawMessage }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Errors != nil {
		return nil, errors.New(string(answer.Errors))
	}
	return answer.Data, nil
}

func dumpSQLite(file, output string) error {
	dump, err := exec.Command("sqlite3", file, ".dump", "PRAGMA user_version").Output()
	if err != nil {
		return err
	}
	version := dump[bytes.LastIndex(bytes.TrimSpace(dump), []byte("\n"))+1:]
	dump = append(bytes.TrimSuffix(dump, version), append([]byte("PRAGMA user_version = "), version...)...)
	return os.WriteFile(output, dump, 0o600)
}

// dumpMongo writes every document as a line: the collection, and extended JSON.
func dumpMongo(store, output string) error {
	ctx := context.Background()
	client, err := mongo.Connect(options.Client().ApplyURI(store))
	if err != nil {
		return err
	}
	db := client.Database(store[strings.LastIndex(store, "/")+1:])
	names, err := db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return err
	}
	var dump bytes.Buffer
	for _, name := range names {
		cursor, err := db.Collection(name).Find(ctx, bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
		if err != nil {
			return err
		}
		for cursor.Next(ctx) {
			line, err := bson.MarshalExtJSON(cursor.Current, true, false)
			if err != nil {
				return err
			}
			fmt.Fprintf(&dump, "%s %s\n", name, line)
		}
	}
	return os.WriteFile(output, dump.Bytes(), 0o600)
}
