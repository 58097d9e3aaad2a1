/// The style of the page.
enum WebStyle {
    static let all = "\(base)\n\(views)"
}
