//! The console: the same facts as the API, for a person.
pub(crate) async fn console_show() {}
pub(crate) async fn fragment_show() {}
pub(crate) async fn route_set() {}
pub(crate) async fn style_show() {}
pub(crate) async fn script_show() {}
pub(crate) async fn icon_show() {}
