/// The modules of the page's script, one a file.
///
/// They are plain JavaScript without a build step. What every one of them keeps to: data becomes
/// text nodes (`dom.js`), never markup, and the Content-Security-Policy of `WebRoutes` makes the
/// browser insist on it.
enum WebScript {}
