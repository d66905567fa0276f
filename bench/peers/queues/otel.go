package main

import (
	"context"
	"errors"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	nooptrace "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

// host gives the exporter its storage.
type host struct {
	storage map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.storage }

// openOTel puts log records into an exporter's queue in a file storage with fsync. What the queue would be emptied into never answers, so
// that only the way in is measured.
func openOTel(dir string) (queue, func() error, error) {
	ctx, quiet := context.Background(), component.TelemetrySettings{Logger: zap.NewNop(), TracerProvider: nooptrace.NewTracerProvider(),
		MeterProvider: noopmetric.NewMeterProvider(), Resource: pcommon.NewResource()}
	factory := filestorage.NewFactory()
	id := component.NewID(factory.Type())
	conf := factory.CreateDefaultConfig().(*filestorage.Config)
	conf.Directory, conf.Compaction.Directory, conf.FSync = dir, dir, true
	storage, err := factory.Create(ctx, extension.Settings{ID: id, TelemetrySettings: quiet}, conf)
	if err != nil {
		return nil, nil, err
	}
	h := host{map[component.ID]component.Component{id: storage}}
	if err := storage.Start(ctx, h); err != nil {
		return nil, nil, err
	}
	settings := exporterhelper.NewDefaultQueueConfig()
	settings.StorageID, settings.QueueSize, settings.NumConsumers, settings.BlockOnOverflow = &id, 10_000_000, 1, true
	release := make(chan struct{})
	never := func(context.Context, plog.Logs) error { <-release; return nil }
	typ := component.MustNewType("never")
	exp, err := exporterhelper.NewLogs(ctx, exporter.Settings{ID: component.NewID(typ), TelemetrySettings: quiet}, struct{}{}, never,
		exporterhelper.WithQueue(configoptional.Some(settings)), exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{}))
	if err != nil {
		return nil, nil, err
	}
	if err := exp.Start(ctx, h); err != nil {
		return nil, nil, err
	}
	put := func(message []byte) error {
		logs := plog.NewLogs()
		record := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		record.Body().SetEmptyBytes().FromRaw(message)
		return exp.ConsumeLogs(ctx, logs)
	}
	return put, func() error {
		ended := make(chan error, 1)
		go func() { ended <- exp.Shutdown(ctx) }() // what the queue still holds stays in it
		close(release)
		return errors.Join(<-ended, storage.Shutdown(ctx))
	}, nil
}
