//! Markdown as messages have it: to HTML that is safe wherever it is shown, to plain text, and the mentions in
//! it (messaging-meetings 3).
//!
//! HTML that somebody wrote is shown as the text that it is. Links lead to `http`, `https` and `mailto` only;
//! pictures become links.

use std::fmt::Write as _;

use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

/// Marks around the number of a mention; they are taken out of what people write.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// Longest mention, in bytes.
const MAX_MENTION: usize = 512;

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    All,
    Email(String),
    Id(String),
}

/// A mention as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    pub(crate) target: Target,
    /// The name behind the bar.
    pub(crate) name: Option<String>,
    /// All of it, for where it is code.
    source: String,
}

/// A mention that means somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    /// The person's id in its public form; `None`: everybody.
    pub(crate) person: Option<String>,
    pub(crate) name: String,
}

/// Markdown whose mentions were found.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    marked: String,
    pub(crate) mentions: Vec<Mention>,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub(crate) html: String,
    pub(crate) text: String,
    /// Which mentions are shown as such: those in code are not.
    pub(crate) shown: Vec<usize>,
}

impl Parsed {
    /// Finds the mentions: `<@all>`, `<@personEmail:a@b.c|Name>`, `<@personId:ID|Name>`.
    pub(crate) fn read(markdown: &str) -> Self {
        let clean = markdown.replace([OPEN, CLOSE], "");
        let mut marked = String::with_capacity(clean.len());
        let mut mentions = Vec::new();
        let mut rest = clean.as_str();
        while let Some(at) = rest.find("<@") {
            let (before, from) = rest.split_at(at);
            marked.push_str(before);
            match mention(from) {
                Some((found, length)) => {
                    // Writing to a String cannot fail.
                    let _ = write!(marked, "{OPEN}{}{CLOSE}", mentions.len());
                    mentions.push(found);
                    rest = &from[length..];
                }
                None => {
                    marked.push_str("<@");
                    rest = &from[2..];
                }
            }
        }
        marked.push_str(rest);
        Self { marked, mentions }
    }

    /// Renders it. `meant` says, for each mention, whom it means.
    pub(crate) fn render(&self, meant: &[Option<Meant>]) -> Rendered {
        let mut out = Out {
            parsed: self,
            meant,
            events: Vec::new(),
            text: String::new(),
            links: Vec::new(),
            in_code: false,
            shown: Vec::new(),
        };
        for event in Parser::new_ext(&self.marked, Options::ENABLE_STRIKETHROUGH) {
            out.take(event);
        }
        let mut page = String::new();
        html::push_html(&mut page, out.events.into_iter());
        Rendered {
            html: page.trim_end().to_owned(),
            text: out.text.trim_end().to_owned(),
            shown: out.shown,
        }
    }
}

/// The mention that a text begins with, and how long it is.
fn mention(text: &str) -> Option<(Mention, usize)> {
    let end = text.bytes().take(MAX_MENTION).position(|b| b == b'>')?;
    let inner = &text[2..end];
    if inner.contains(['\n', '<']) {
        return None;
    }
    let (target, name) = match inner.split_once('|') {
        Some((target, name)) => (target, Some(name.trim()).filter(|name| !name.is_empty())),
        None => (inner, None),
    };
    let target = match target.split_once(':') {
        None if target.trim().eq_ignore_ascii_case("all") => Target::All,
        Some((word, email)) if word.trim().eq_ignore_ascii_case("personEmail") => {
            Target::Email(email.trim().to_owned())
        }
        Some((word, id)) if word.trim().eq_ignore_ascii_case("personId") => Target::Id(id.trim().to_owned()),
        _ => return None,
    };
    let mention = Mention {
        target,
        name: name.map(ToOwned::to_owned),
        source: text[..=end].to_owned(),
    };
    Some((mention, end + 1))
}

impl Mention {
    /// What is shown where it means nobody.
    fn plain(&self) -> &str {
        match (&self.name, &self.target) {
            (Some(name), _) => name,
            (None, Target::All) => "All",
            (None, Target::Email(text) | Target::Id(text)) => text,
        }
    }
}

struct Out<'a> {
    parsed: &'a Parsed,
    meant: &'a [Option<Meant>],
    events: Vec<Event<'a>>,
    text: String,
    /// Whether each open link is shown as one.
    links: Vec<bool>,
    in_code: bool,
    shown: Vec<usize>,
}

impl<'a> Out<'a> {
    fn take(&mut self, event: Event<'a>) {
        match event {
            Event::Text(text) if self.in_code => self.literal(&text),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.words(&text),
            Event::Code(text) => {
                let text = self.restored(&text);
                self.text.push_str(&text);
                self.events.push(Event::Code(text.into()));
            }
            Event::SoftBreak | Event::HardBreak => {
                self.text.push('\n');
                self.events.push(Event::HardBreak);
            }
            Event::Rule => {
                self.line();
                self.events.push(Event::Rule);
            }
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            // Their extensions are off.
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'a>) {
        match tag {
            Tag::Link {
                link_type, dest_url, ..
            } => self.open_link(link_type, &dest_url),
            Tag::Image {
                link_type, dest_url, ..
            } => self.open_link(link_type, &dest_url),
            Tag::HtmlBlock => self.events.push(Event::Start(Tag::Paragraph)),
            Tag::CodeBlock(_) => {
                self.in_code = true;
                // The language would become a class of the writer's choice.
                let plain = pulldown_cmark::CodeBlockKind::Fenced(CowStr::Borrowed(""));
                self.events.push(Event::Start(Tag::CodeBlock(plain)));
            }
            Tag::Item => {
                self.line();
                self.text.push_str("- ");
                self.events.push(Event::Start(Tag::Item));
            }
            tag => self.events.push(Event::Start(tag)),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Link | TagEnd::Image => {
                if self.links.pop().unwrap_or(false) {
                    self.events.push(Event::InlineHtml("</a>".into()));
                }
                return;
            }
            TagEnd::HtmlBlock => self.events.push(Event::End(TagEnd::Paragraph)),
            tag => self.events.push(Event::End(tag)),
        }
        if tag == TagEnd::CodeBlock {
            self.in_code = false;
        }
        let is_block = !matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough);
        if is_block {
            self.line();
        }
    }

    /// Ends the line of the plain text, if there is something on it.
    fn line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    fn open_link(&mut self, kind: LinkType, to: &str) {
        let to = self.restored(to);
        let to = match kind {
            LinkType::Email => format!("mailto:{to}"),
            _ => to,
        };
        let lower = to.trim_start().to_ascii_lowercase();
        let safe = ["http://", "https://", "mailto:"]
            .iter()
            .any(|scheme| lower.starts_with(scheme));
        // A link in a link is no HTML.
        let shown = safe && !self.links.contains(&true);
        if shown {
            let open = format!("<a href=\"{}\" rel=\"nofollow\">", escaped(to.trim()));
            self.events.push(Event::InlineHtml(open.into()));
        }
        self.links.push(shown);
    }

    fn literal(&mut self, text: &str) {
        let text = self.restored(text);
        self.text.push_str(&text);
        self.events.push(Event::Text(text.into()));
    }

    /// Text in which mentions count.
    fn words(&mut self, text: &str) {
        let mut rest = text;
        while let Some((before, number, after)) = marked(rest) {
            self.word(before);
            self.mention(number);
            rest = after;
        }
        self.word(rest);
    }

    fn word(&mut self, text: &str) {
        if !text.is_empty() {
            self.text.push_str(text);
            self.events.push(Event::Text(text.to_owned().into()));
        }
    }

    fn mention(&mut self, number: usize) {
        let Some(mention) = self.parsed.mentions.get(number) else {
            return;
        };
        match self.meant.get(number).and_then(Option::as_ref) {
            None => self.word(mention.plain()),
            Some(Meant { person, name }) => {
                let what = match person {
                    Some(id) => format!("data-object-type=\"person\" data-object-id=\"{}\"", escaped(id)),
                    None => "data-object-type=\"groupMention\" data-group-type=\"all\"".to_owned(),
                };
                let shown = format!("<spark-mention {what}>{}</spark-mention>", escaped(name));
                self.text.push_str(name);
                self.events.push(Event::InlineHtml(shown.into()));
                self.shown.push(number);
            }
        }
    }

    /// The text as it was written.
    fn restored(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, number, after)) = marked(rest) {
            out.push_str(before);
            if let Some(mention) = self.parsed.mentions.get(number) {
                out.push_str(&mention.source);
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// The first mark in a text: what stands before it, its number, and what follows.
fn marked(text: &str) -> Option<(&str, usize, &str)> {
    let (before, rest) = text.split_once(OPEN)?;
    let (number, after) = rest.split_once(CLOSE)?;
    Some((before, number.parse().ok()?, after))
}

/// Text inside HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(markdown: &str) -> Rendered {
        let parsed = Parsed::read(markdown);
        let meant: Vec<Option<Meant>> = parsed
            .mentions
            .iter()
            .map(|mention| match &mention.target {
                Target::All => Some(Meant {
                    person: None,
                    name: "All".to_owned(),
                }),
                Target::Email(email) if email == "a@b.c" => Some(Meant {
                    person: Some("ID".to_owned()),
                    name: mention.name.clone().unwrap_or_else(|| "Ada".to_owned()),
                }),
                _ => None,
            })
            .collect();
        parsed.render(&meant)
    }

    #[test]
    fn marks_become_html_and_text() {
        let out = render("Hello **bold** and _it_\nnext [a](https://x.example/?a=1&b=2)\n\n- one\n- two");
        assert_eq!(
            out.html,
            "<p>Hello <strong>bold</strong> and <em>it</em><br />\nnext \
             <a href=\"https://x.example/?a=1&amp;b=2\" rel=\"nofollow\">a</a></p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>"
        );
        assert_eq!(out.text, "Hello bold and it\nnext a\n- one\n- two");
    }

    #[test]
    fn nobody_writes_html() {
        for bad in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "[x](javascript:alert(1))",
            "[x](  JaVaScRiPt:alert(1))",
            "![x](data:text/html;base64,AAAA)",
            "<div>\n**x**\n</div>",
            "<javascript:alert(1)>",
            "[x](https://a/\"onmouseover=\"alert(1))",
            "```\"><script>\nx\n```",
            "<@personEmail:a@b.c|<b>x</b>>",
            "<@personEmail:a@b.c|\"><script>",
        ] {
            let html = render(bad).html.to_ascii_lowercase();
            assert!(
                !html.contains("<script") && !html.contains("<img") && !html.contains("<div"),
                "{bad}: {html}"
            );
            assert!(
                !html.contains("href=\"javascript") && !html.contains("href=\"data"),
                "{bad}: {html}"
            );
            assert!(
                !html.contains("\"onmouseover") && !html.contains("<b>"),
                "{bad}: {html}"
            );
        }
    }

    #[test]
    fn mentions_are_found_outside_of_code() {
        let out = render("Hi **<@personEmail:a@b.c|Ada L>**, <@all>, <@personId:zz|Bob> `<@all>`");
        assert_eq!(
            out.html,
            "<p>Hi <strong><spark-mention data-object-type=\"person\" data-object-id=\"ID\">Ada L</spark-mention></strong>, \
             <spark-mention data-object-type=\"groupMention\" data-group-type=\"all\">All</spark-mention>, Bob \
             <code>&lt;@all&gt;</code></p>"
        );
        assert_eq!(out.text, "Hi Ada L, All, Bob <@all>");
        assert_eq!(out.shown, [0, 1]);
        assert!(render("<@personEmail> <@x:y> <@").shown.is_empty());
        assert_eq!(render("\u{E000}0\u{E001} <@personEmail:a@b.c>").text, "0 Ada");
    }

    #[test]
    fn anything_can_be_rendered() {
        for text in [
            "",
            "<@",
            "<@>",
            "<@|>",
            "\u{E000}",
            "**",
            "[](",
            "<@personEmail:é|ü>",
            "<\u{E000}@all>",
        ] {
            render(text);
        }
    }
}
