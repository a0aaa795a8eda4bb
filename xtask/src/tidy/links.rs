//! Links: every link between our Markdown files leads somewhere, anchors included.
//!
//! Checks links, images, and `href` and `src` in HTML. A target is relative to its page, or to the root
//! when it begins with a slash. Links to other hosts are nobody's business offline and are not checked.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::tree::Text;
use super::violation::Violation;

pub(crate) fn check(texts: &[Text], paths: &[String]) -> Vec<Violation> {
    let pages: BTreeMap<&str, Page> = texts
        .iter()
        .filter(|file| file.is_markdown())
        .map(|file| (file.path.as_str(), Page::read(&file.text)))
        .collect();
    let places = Places { pages: &pages, paths };
    let broken = |path, link: &Link| {
        Some(Violation::error(
            path,
            link.line,
            places.problem(path, &link.target)?,
        ))
    };
    pages
        .iter()
        .flat_map(|(path, page)| page.links.iter().filter_map(move |link| broken(path, link)))
        .collect()
}

#[derive(Debug, Default)]
struct Page {
    links: Vec<Link>,
    anchors: BTreeSet<String>,
}

#[derive(Debug)]
struct Link {
    line: usize,
    target: String,
}

impl Page {
    fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<String> = None;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            let line = text[..range.start].matches('\n').count() + 1;
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(Link {
                        line,
                        target: dest_url.into_string(),
                    });
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => page.add_heading(&heading.take().unwrap_or_default()),
                Event::Text(words) | Event::Code(words) => {
                    heading.iter_mut().for_each(|each| each.push_str(&words));
                }
                Event::Html(html) | Event::InlineHtml(html) => page.add_html(&html, line),
                _ => {}
            }
        }
        page
    }

    /// A heading seen before gets a number, as the forge that renders it does.
    fn add_heading(&mut self, words: &str) {
        let slug = slug(words);
        let numbered = (1..).map(|number| format!("{slug}-{number}"));
        let free = std::iter::once(slug.clone())
            .chain(numbered)
            .find(|each| !self.anchors.contains(each));
        self.anchors.extend(free);
    }

    fn add_html(&mut self, html: &str, line: usize) {
        let targets = attribute_values(html, "href").chain(attribute_values(html, "src"));
        self.links.extend(targets.map(|target| Link {
            line,
            target: target.to_owned(),
        }));
        let anchors = attribute_values(html, "id").chain(attribute_values(html, "name"));
        self.anchors.extend(anchors.map(str::to_owned));
    }
}

/// Values of `name="…"` in a piece of HTML.
fn attribute_values<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let lead = format!(" {name}=\"");
    html.match_indices(&lead)
        .filter_map(|(at, lead)| html[at + lead.len()..].split('"').next())
        .collect::<Vec<_>>()
        .into_iter()
}

/// The anchor of a heading: lower case, spaces to hyphens, punctuation gone.
fn slug(words: &str) -> String {
    let kept = words
        .trim()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

struct Places<'a> {
    pages: &'a BTreeMap<&'a str, Page>,
    paths: &'a [String],
}

impl Places<'_> {
    /// What is wrong with a link from `page` to `target`, if anything.
    fn problem(&self, page: &str, target: &str) -> Option<String> {
        if target.contains("://") || target.starts_with("mailto:") {
            return None;
        }
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let Some(path) = resolve(page, file) else {
            return Some(format!("the link `{target}` leaves the repository"));
        };
        if !self.exists(&path) {
            return Some(format!("the link `{target}` leads to no file of the repository"));
        }
        let known = |page: &Page| anchor.is_empty() || page.anchors.contains(anchor);
        let lost = self.pages.get(path.as_str()).is_some_and(|page| !known(page));
        lost.then(|| format!("the link `{target}` leads to no heading of `{path}`"))
    }

    fn exists(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self
                .paths
                .iter()
                .any(|each| each == path || each.starts_with(&folder))
    }
}

/// The path from the root that a link means; `None` above the root.
fn resolve(page: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(page.to_owned());
    }
    let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
    let full = target
        .strip_prefix('/')
        .map_or_else(|| format!("{folder}/{target}"), str::to_owned);
    let mut parts: Vec<&str> = Vec::new();
    for part in full.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::texts;

    fn check_pages(files: &[(&str, &str)]) -> Vec<String> {
        let paths: Vec<String> = files.iter().map(|(path, _)| (*path).to_owned()).collect();
        check(&texts(files), &paths)
            .iter()
            .map(Violation::to_string)
            .collect()
    }

    #[test]
    fn accepts_files_folders_anchors_and_other_hosts() {
        let readme = "# A `b` & c!\n\n[a](docs/x.md#two-words) [b](#a-b--c) [c](docs) [d](https://example.org/#x) [e](/docs/x.md)\n";
        let page = "[up](../README.md)\n\n## Two words\n\n## Two words\n\n[again](#two-words-1)\n";
        assert_eq!(
            check_pages(&[("README.md", readme), ("docs/x.md", page)]),
            [""; 0]
        );
    }

    #[test]
    fn refuses_a_lost_file_a_lost_heading_and_a_way_out() {
        let found = check_pages(&[(
            "docs/a.md",
            "# A\n\n[x](b.md)\n[y](#b)\n[z](../../c.md)\n[w][ref]\n\n[ref]: gone.md\n",
        )]);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[0].starts_with("docs/a.md:3: the link `b.md` leads to no file"));
        assert!(found[1].contains("no heading") && found[2].contains("leaves the repository"));
    }

    #[test]
    fn refuses_a_lost_picture_in_markdown_and_in_html() {
        assert_eq!(
            check_pages(&[("a.md", "![p](p.png)\n\n<img alt=\"p\" src=\"p.png\">\n")]).len(),
            2
        );
        assert_eq!(check_pages(&[("a.md", "![p](p.png)"), ("p.png", "")]), [""; 0]);
    }

    #[test]
    fn code_is_not_a_link() {
        assert_eq!(
            check_pages(&[("a.md", "`[x](gone.md)`\n\n```\n[x](gone.md)\n```\n")]),
            [""; 0]
        );
    }

    #[test]
    fn an_explicit_anchor_counts() {
        assert_eq!(
            check_pages(&[("a.md", "<a id=\"here\"></a>\n\n[x](#here)\n")]),
            [""; 0]
        );
    }
}
