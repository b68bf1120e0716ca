// A durable server of MongoDB's protocol for tests: `server <port> <folder>`. Port 0 picks a free one; the port it
// listens on is printed. It ends with its standard input, so that it never outlives the process that started it.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/url"
	"os"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:" + os.Args[1]},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[2] + "/",
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	go func() {
		// The address is known once the server runs.
		if address, err := url.Parse(server.MongoDBURI()); err == nil {
			fmt.Println(address.Port())
		}
	}()
	if err := server.Run(ctx); err != nil {
		log.Fatal(err)
	}
}
