import InferenceAPI

extension ConsoleFiles {
    /// Those in the folder `Console`, as they were when the program was built.
    static let embedded = ConsoleFiles([
        "index.html": PackageResources.index_html,
        "console.css": PackageResources.console_css,
        "icon.svg": PackageResources.icon_svg,
        "main.js": PackageResources.main_js,
        "server.js": PackageResources.server_js,
        "dom.js": PackageResources.dom_js,
        "state.js": PackageResources.state_js,
        "form.js": PackageResources.form_js,
        "tokens.js": PackageResources.tokens_js,
        "ask.js": PackageResources.ask_js,
        "beams.js": PackageResources.beams_js,
        "beam-tree.js": PackageResources.beam_tree_js,
        "tracks.js": PackageResources.tracks_js,
        "track-plan.js": PackageResources.track_plan_js,
        "attention.js": PackageResources.attention_js,
        "load.js": PackageResources.load_js,
        "metrics.js": PackageResources.metrics_js,
        "picture.js": PackageResources.picture_js,
    ])
}
