import { metrics, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import { basename, resolve } from 'node:path';

/**
 * Starts with the import of this file, before anything that is measured loads. Metrics are read at `/metrics`;
 * traces leave by OTLP where the standard variable OTEL_EXPORTER_OTLP_ENDPOINT names a collector.
 */
export const metricsExporter = new PrometheusExporter({ preventServerStart: true });

const exportsTraces = Boolean(process.env['OTEL_EXPORTER_OTLP_ENDPOINT']);

export const telemetry = new NodeSDK({
  serviceName: process.env['OTEL_SERVICE_NAME'] ?? `carespine-${basename(resolve(process.argv[1] ?? '', '../../..'))}`,
  metricReaders: [metricsExporter],
  spanProcessors: [],
  sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(Number(process.env['OTEL_TRACES_SAMPLER_ARG'] ?? 0.01)) }),
  ...(exportsTraces ? { spanProcessors: undefined, traceExporter: new OTLPTraceExporter() } : {}),
  instrumentations: [],
  autoDetectResources: false,
});
telemetry.start();

export const tracer = trace.getTracer('carespine');
export const meter = metrics.getMeter('carespine');
/** Spans cost time; without a collector none are made. Trace ids are passed on and logged all the same. */
export const tracesAreExported = exportsTraces;
