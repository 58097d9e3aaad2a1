extension WebScript {
    /// The addresses of the views.
    static let route = #"""
        // The address of a view: #/name/id?parameters. Everything a person chose is in it, so that
        // it can be shared and the browser's back button works.

        import { session } from './api.js';

        export const ranges = [
          ['5m', 'last 5 min'], ['15m', 'last 15 min'], ['1h', 'last hour'], ['6h', 'last 6 h'],
          ['24h', 'last 24 h'], ['7d', 'last 7 days'], ['all', 'any time'],
        ];

        const lengths = { '5m': 300e3, '15m': 900e3, '1h': 3600e3, '6h': 6 * 3600e3, '24h': 86400e3,
          '7d': 7 * 86400e3 };

        /// The length of a range in milliseconds; undefined for any time.
        export function rangeLength(range) {
          return lengths[range];
        }

        /// Where a range begins, as Unix nanoseconds; undefined for any time. It moves in steps of a
        /// hundredth, so that those who look at the same ask the same, and one answer does for all.
        export function rangeStart(range) {
          if (!lengths[range]) return undefined;
          const step = lengths[range] / 100;
          return `${Math.floor((Date.now() - lengths[range]) / step) * step}000000`;
        }

        export function current() {
          const [path, query = ''] = location.hash.replace(/^#\/?/, '').split(/\?(.*)/s);
          const [view = '', ...rest] = path.split('/');
          let id = '';
          try {
            id = decodeURIComponent(rest.join('/'));
          } catch {
            id = rest.join('/');
          }
          return { view: view || 'traces', id, parameters: new URLSearchParams(query) };
        }

        /// The address of a view; empty parameters are left out.
        export function address(view, id = '', parameters = {}) {
          const query = new URLSearchParams();
          for (const [name, value] of Object.entries(parameters)) {
            if (value) query.set(name, value);
          }
          if (session.space !== 'default') query.set('space', session.space);
          const text = query.toString();
          return `#/${view}${id && `/${encodeURIComponent(id)}`}${text && `?${text}`}`;
        }

        /// Goes to a view, as a new entry of the history unless nothing changes.
        export function go(view, id, parameters) {
          const target = address(view, id, parameters);
          if (location.hash !== target) location.hash = target;
        }

        /// Notes what a person chose in the address without a new entry of the history.
        export function note(view, id, parameters) {
          history.replaceState(null, '', address(view, id, parameters));
        }

        /// The pairs of `key=value key2="two words"`.
        export function attributes(text) {
          const pairs = {};
          const rest = text.replace(/([^\s=]+)=("([^"]*)"|\S*)/g, (match, key, value, quoted) => {
            pairs[key] = quoted ?? value;
            return '';
          });
          if (rest.trim()) {
            throw Object.assign(new Error(`${rest.trim()} is not an attribute`), {
              code: 'malformed',
              remedy: 'Write key=value, such as http.request.method=GET; '
                + 'put values with blanks in "quotes".',
            });
          }
          return pairs;
        }
        """#
}
