extension WebScript {
    /// What is known about one span.
    static let span = #"""
        // What is known about one span.

        import { h } from './dom.js';
        import { duration, moment, text } from './format.js';
        import { address } from './route.js';

        /// A table of keys and values; nothing when there are none.
        export function pairTable(title, pairs) {
          if (!pairs.length) return null;
          return h('section', { class: 'pairs' }, title && h('h3', null, title), h('table', null,
            h('tbody', null, pairs.map(([key, value]) => h('tr', null,
              h('th', null, key), h('td', null, valueNode(value)))))));
        }

        function valueNode(value) {
          const short = text(value);
          const written = typeof value === 'object' && short.length > 72
            ? JSON.stringify(value, null, 1) : short;
          if (written.includes('\n')) return h('pre', { tabindex: '0' }, written);
          return h('code', { class: typeof value === 'string' ? '' : 'other' }, written);
        }

        /// The attributes, events, links, resource and scope of a span.
        export function spanDetails(span, trace) {
          const since = (time) => duration(Number(time - trace.start));
          return h('div', { class: 'span' },
            h('p', { class: 'facts' },
              h('span', null, 'starts at ', h('b', null, since(span.start))),
              h('span', null, 'takes ', h('b', null, duration(span.duration))),
              span.kind && h('span', null, span.kind),
              h('span', { class: span.isFailed ? 'bad' : '' }, `status ${span.status}`),
              h('span', { class: 'quiet' }, moment(span.start)),
              h('code', { class: 'quiet' }, span.id)),
            span.message && h('p', { class: 'bad message' }, span.message),
            events(span, since),
            h('div', { class: 'tables' },
              pairTable('Attributes', span.attributes),
              links(span),
              pairTable('Resource', span.resource),
              pairTable('Scope', span.scope),
              pairTable('', span.state ? [['tracestate', span.state]] : []),
              pairTable('', span.dropped.map(([what, number]) => [`dropped ${what}`, number]))));
        }

        function events(span, since) {
          if (!span.events.length) return null;
          return h('section', { class: 'pairs' }, h('h3', null, 'Events'),
            span.events.map((event) => {
            const isException = event.name === 'exception';
            const find = (key) => event.attributes.find(([name]) => name === key)?.[1];
            const stack = isException ? find('exception.stacktrace') : undefined;
            const rest = event.attributes.filter(([key]) => !isException
              || !['exception.stacktrace', 'exception.type', 'exception.message'].includes(key));
            const head = isException ? [find('exception.type'), find('exception.message')]
              .filter(Boolean).map(text).join(': ') : '';
            return h('div', { class: isException ? 'event exception' : 'event' },
              h('p', null, h('span', { class: 'quiet' }, since(event.time)), ' ',
                h('b', null, event.name),
                head && [' ', h('span', { class: 'bad' }, head)]),
              stack && h('pre', { class: 'stack', tabindex: '0' }, text(stack)),
              pairTable('', rest));
          }));
        }

        function links(span) {
          if (!span.links.length) return null;
          return h('section', { class: 'pairs' }, h('h3', null, 'Links'),
            span.links.map((link) => h('div',
            { class: 'event' }, h('p', null, h('a', { href: address('trace', link.trace, {
              span: link.span,
            }) }, h('code', null, link.trace)), ' ', h('code', { class: 'quiet' }, link.span)),
            pairTable('', link.attributes))));
        }
        """#
}
