extension WebScript {
    /// Asks the server.
    static let api = #"""
        // Asks the server. An answer that is not a success becomes a Refusal in the server's words.

        /// What every request carries.
        export const session = {
          space: 'default',
          token: sessionStorage.getItem('holdfast.token') ?? '',
        };

        /// Why an answer is missing.
        export class Refusal extends Error {
          constructor(status, code, message, remedy) {
            super(message);
            this.status = status;
            this.code = code;
            this.remedy = remedy;
          }
        }

        const unreachable = () => new Refusal(0, 'unreachable',
          `the server at ${location.host} does not answer`,
          'Check that `holdfast serve` is running; this page goes on by itself when it is back.');

        /// A GET; parameters without a value are left out.
        export async function get(path, parameters = {}, { signal, exact, also = [] } = {}) {
          const query = Object.entries(parameters)
            .filter(([, value]) => value !== undefined && value !== null && value !== '')
            .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
          const headers = { 'X-Holdfast-Space': session.space };
          if (session.token) headers.Authorization = `Bearer ${session.token}`;
          let response;
          let text;
          try {
            response = await fetch(query.length ? `${path}?${query.join('&')}` : path,
              { headers, signal, cache: 'no-cache' });
            text = await response.text();
          } catch (error) {
            if (error.name === 'AbortError') throw error;
            throw unreachable();
          }
          const body = parsed(text, exact);
          if (response.ok || also.includes(response.status)) {
            if (body !== undefined) return body;
            throw new Refusal(response.status, 'not_json', 'the answer is not JSON',
              'Check that no proxy stands between this page and the server.');
          }
          if (response.status === 401) dispatchEvent(new Event('holdfast:token'));
          const error = body?.error ?? {};
          throw new Refusal(response.status, error.code ?? 'http',
            error.message ?? `the server answered ${response.status} ${response.statusText}`,
            error.remedy ?? '');
        }

        /// JSON; with `exact`, integers that a double cannot hold stay as their text.
        function parsed(text, exact) {
          try {
            return exact ? JSON.parse(text, keep) : JSON.parse(text);
          } catch {
            return undefined;
          }
        }

        function keep(key, value, context) {
          const isLossy = typeof value === 'number' && Number.isInteger(value)
            && !Number.isSafeInteger(value);
          return isLossy && context?.source ? context.source : value;
        }

        /// Whether an error only says that nobody waits for the answer any more.
        export function isAborted(error) {
          return error?.name === 'AbortError';
        }

        /// Does work at once and then again and again, while the page can be seen. With an infinite
        /// pause it is done once, or not at all, and whenever `now` is called.
        export function repeat(pause, work, isStarted = true) {
          const control = new AbortController();
          const { signal } = control;
          let timer;
          let isBusy = false;
          let isWanted = false;
          async function turn() {
            clearTimeout(timer);
            if (signal.aborted) return;
            if (isBusy) {
              isWanted = true;
              return;
            }
            if (document.hidden) {
              isWanted = true;
              return;
            }
            isBusy = true;
            isWanted = false;
            try {
              await work(signal);
            } catch (error) {
              if (!isAborted(error)) console.error(error);
            }
            isBusy = false;
            if (signal.aborted) return;
            if (isWanted) turn();
            else if (Number.isFinite(pause)) timer = setTimeout(turn, pause);
          }
          document.addEventListener('visibilitychange', () => {
            if (!document.hidden && (isWanted || Number.isFinite(pause))) turn();
          }, { signal });
          if (isStarted) turn();
          return {
            now: turn,
            stop() {
              control.abort();
              clearTimeout(timer);
            },
          };
        }
        """#
}
