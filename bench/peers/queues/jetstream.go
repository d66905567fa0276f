package main

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// openJetStream publishes with an id, so that a message that comes twice is known for two minutes, and waits for the ack of each.
func openJetStream(dir string) (queue, func() error, error) {
	ns, err := server.NewServer(&server.Options{JetStream: true, StoreDir: dir, SyncAlways: true, DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		return nil, nil, err
	}
	go ns.Start()
	if !ns.ReadyForConnections(30 * time.Second) {
		return nil, nil, errors.New("it does not start")
	}
	nc, err := nats.Connect("", nats.InProcessServer(ns))
	if err != nil {
		return nil, nil, err
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, nil, err
	}
	ctx := context.Background()
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "boxes", Subjects: []string{"box"}, Storage: jetstream.FileStorage}); err != nil {
		return nil, nil, err
	}
	put := func(message []byte) error {
		_, err := js.Publish(ctx, "box", message, jetstream.WithMsgID(hex.EncodeToString(message[:16])))
		return err
	}
	return put, func() error {
		nc.Close()
		ns.Shutdown()
		ns.WaitForShutdown()
		return nil
	}, nil
}
