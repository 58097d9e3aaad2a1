/// The page itself, which the script fills, and its icon.
enum WebPage {
    /// The document.
    static let html = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Holdfast</title>
        <link rel="icon" type="image/svg+xml" href="/favicon.svg">
        <link rel="stylesheet" href="/assets/app.css">
        <script type="module" src="/assets/app.js"></script>
        </head>
        <body>
        <header id="bar"></header>
        <section id="node" aria-label="This node"></section>
        <main id="main" tabindex="-1">
        <noscript><p>This page needs JavaScript. Without it, use <code>holdfast traces</code> on
        the command line, or the API that <a href="/openapi.json">/openapi.json</a> describes.</p>
        </noscript>
        </main>
        </body>
        </html>
        """#

    /// The icon: three bars of a waterfall.
    static let icon = #"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
        <rect width="32" height="32" rx="7" fill="#1f4e79"/>
        <rect x="6" y="8" width="20" height="4" rx="1" fill="#ffffff"/>
        <rect x="6" y="14" width="9" height="4" rx="1" fill="#9cc8f2"/>
        <rect x="12" y="20" width="14" height="4" rx="1" fill="#9cc8f2"/>
        </svg>
        """#
}
