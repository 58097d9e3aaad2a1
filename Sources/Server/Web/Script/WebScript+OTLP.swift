extension WebScript {
    /// Reads OTLP/JSON traces.
    static let otlp = #"""
        // Reads OTLP/JSON traces into spans that are nested, ordered and placed in time.

        import { nanoseconds } from './format.js';

        const kinds = ['', 'internal', 'server', 'client', 'producer', 'consumer'];

        /// An OTLP value as a JSON value.
        export function plainValue(value) {
          if (!value || typeof value !== 'object') return null;
          if ('stringValue' in value) return value.stringValue;
          if ('boolValue' in value) return value.boolValue;
          if ('intValue' in value) {
            const number = Number(value.intValue);
            return Number.isSafeInteger(number) ? number : String(value.intValue);
          }
          if ('doubleValue' in value) return value.doubleValue;
          if ('bytesValue' in value) return `base64:${value.bytesValue}`;
          if ('arrayValue' in value) return (value.arrayValue.values ?? []).map(plainValue);
          if ('kvlistValue' in value) {
            return Object.fromEntries((value.kvlistValue.values ?? [])
              .map((pair) => [pair.key, plainValue(pair.value)]));
          }
          return null;
        }

        /// OTLP attributes as [key, value], sorted by key.
        function pairs(attributes) {
          return (attributes ?? []).map((pair) => [pair.key ?? '', plainValue(pair.value)])
            .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
        }

        function readSpan(span, service, resource, scope) {
          const start = nanoseconds(span.startTimeUnixNano ?? '0');
          const end = nanoseconds(span.endTimeUnixNano ?? '0');
          return {
            id: span.spanId ?? '',
            parent: span.parentSpanId ?? '',
            name: span.name ?? '',
            kind: kinds[span.kind ?? 0] ?? '',
            start,
            end: end < start ? start : end,
            duration: end < start ? 0 : Number(end - start),
            isFailed: span.status?.code === 2,
            status: ['unset', 'ok', 'error'][span.status?.code ?? 0] ?? '',
            message: span.status?.message ?? '',
            state: span.traceState ?? '',
            dropped: [['attributes', span.droppedAttributesCount],
              ['events', span.droppedEventsCount],
              ['links', span.droppedLinksCount]].filter(([, number]) => number),
            attributes: pairs(span.attributes),
            events: (span.events ?? []).map((event) => ({
              time: nanoseconds(event.timeUnixNano ?? '0'),
              name: event.name ?? '',
              attributes: pairs(event.attributes),
            })),
            links: (span.links ?? []).map((link) => ({
              trace: link.traceId ?? '', span: link.spanId ?? '',
              attributes: pairs(link.attributes),
            })),
            service,
            resource,
            scope,
            children: [],
            depth: 0,
          };
        }

        /// Every span of an answer, in no order.
        function readSpans(answer) {
          return (answer?.result?.resourceSpans ?? []).flatMap((group) => {
            const resource = pairs(group.resource?.attributes);
            const service = String(resource.find(([key]) => key === 'service.name')?.[1] ?? '');
            return (group.scopeSpans ?? []).flatMap((scopeSpans) => {
              const scope =
                [['name', scopeSpans.scope?.name], ['version', scopeSpans.scope?.version],
                ...pairs(scopeSpans.scope?.attributes)].filter(([, value]) => value !== undefined);
              return (scopeSpans.spans ?? []).map(
                (span) => readSpan(span, service, resource, scope));
            });
          });
        }

        const byStart = (left, right) => {
          if (left.start !== right.start) return left.start < right.start ? -1 : 1;
          return left.id < right.id ? -1 : 1;
        };

        /// The trace of an answer of /api/v3/traces/{id}.
        export function readTrace(answer) {
          const spans = readSpans(answer).sort(byStart);
          const byID = new Map(spans.map((span) => [span.id, span]));
          const roots = [];
          for (const span of spans) {
            const parent = byID.get(span.parent);
            if (parent && parent !== span) parent.children.push(span);
            else roots.push(span);
            span.isOrphan = Boolean(span.parent) && !parent;
          }
          // Spans that are their own ancestors hang on no root: the first of them becomes one.
          const ordered = [];
          const seen = new Set();
          function visit(root) {
            const stack = [[root, 0]];
            while (stack.length) {
              const [span, depth] = stack.pop();
              if (seen.has(span)) continue;
              seen.add(span);
              span.depth = depth;
              span.children = span.children.filter((child) => !seen.has(child));
              ordered.push(span);
              for (const child of span.children.toReversed()) stack.push([child, depth + 1]);
            }
          }
          roots.forEach(visit);
          for (const span of spans) if (!seen.has(span)) visit(span);
          const start = spans.length ? spans[0].start : 0n;
          const end = spans.reduce((latest, span) => (span.end > latest ? span.end : latest),
            start);
          const services = new Map();
          for (const { service } of ordered) services.set(service, (services.get(service) ?? 0)
            + 1);
          return {
            root: roots.find((span) => !span.parent) ?? ordered[0],
            spans: ordered,
            start,
            duration: Number(end - start),
            errors: spans.filter((span) => span.isFailed).length,
            services: [...services].sort((left, right) => right[1] - left[1]),
          };
        }
        """#
}
