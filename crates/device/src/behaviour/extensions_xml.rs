//! Reads the XML of custom panels, as panel editors write it.

use quick_xml::Reader;
use quick_xml::events::Event;

/// A panel, as its XML describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Panel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) activity: String,
    pub(crate) icon: String,
    pub(crate) location: String,
    pub(crate) color: String,
    pub(crate) visibility: String,
    pub(crate) order: u32,
    pub(crate) pages: Vec<String>,
    pub(crate) widgets: Vec<String>,
    /// The element, as it was given.
    pub(crate) source: String,
}

/// Deepest nesting that is followed, and most widgets of a panel.
const DEEPEST: usize = 32;
const MOST_WIDGETS: usize = 500;

/// Reads every panel of a document. A message says what is wrong with it.
pub(crate) fn read(document: &str) -> Result<Vec<Panel>, String> {
    let mut reader = Reader::from_str(document);
    let mut path: Vec<String> = Vec::new();
    let mut panels = Vec::new();
    let mut open: Option<(usize, Panel)> = None;
    let mut text = String::new();
    let mut roots = 0;
    loop {
        let before = position(&reader);
        let event = reader
            .read_event()
            .map_err(|error| format!("at byte {before}: {error}"))?;
        match event {
            Event::Start(start) => {
                let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                if path.len() >= DEEPEST {
                    return Err(format!("at byte {before}: nested too deeply"));
                }
                if path.is_empty() {
                    roots += 1;
                }
                if name == "Panel" && open.is_none() {
                    open = Some((before, Panel::default()));
                }
                path.push(name);
                text.clear();
            }
            Event::End(_) => {
                let name = path.pop().unwrap_or_default();
                if let Some((start, panel)) = &mut open {
                    let parent = path.last().map(String::as_str).unwrap_or_default();
                    take(panel, parent, &name, text.trim());
                    if name == "Panel" && parent != "Panel" {
                        panel.source = document[*start..position(&reader)].to_owned();
                        panels.extend(open.take().map(|(_, panel)| panel));
                    }
                }
                text.clear();
            }
            Event::Text(part) => {
                text.push_str(
                    &part
                        .decode()
                        .map_err(|error| format!("at byte {before}: {error}"))?,
                );
            }
            Event::GeneralRef(reference) => {
                let name = reference
                    .decode()
                    .map_err(|error| format!("at byte {before}: {error}"))?;
                match reference.resolve_char_ref().ok().flatten() {
                    Some(character) => text.push(character),
                    None => text.push_str(
                        quick_xml::escape::resolve_predefined_entity(&name)
                            .ok_or_else(|| format!("at byte {before}: unknown entity"))?,
                    ),
                }
            }
            Event::CData(part) => {
                text.push_str(&String::from_utf8_lossy(&part));
            }
            // A document type could define entities; panels need none.
            Event::DocType(_) => return Err(format!("at byte {before}: a document type is not taken")),
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    if !path.is_empty() {
        return Err(format!(
            "the element {} is not closed",
            path.last().map_or("", String::as_str)
        ));
    }
    if roots == 0 {
        return Err("there is no element in it".to_owned());
    }
    Ok(panels)
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn take(panel: &mut Panel, parent: &str, name: &str, text: &str) {
    let text = text.to_owned();
    match (parent, name) {
        ("Panel", "PanelId") => panel.id = text,
        ("Panel", "Name") => panel.name = text,
        ("Panel", "Type") => panel.kind = text,
        ("Panel", "ActivityType") => panel.activity = text,
        ("Panel", "Icon") => panel.icon = text,
        ("Panel", "Location") => panel.location = text,
        ("Panel", "Color") => panel.color = text,
        ("Panel", "Visibility") => panel.visibility = text,
        ("Panel", "Order") => panel.order = text.parse().unwrap_or(0),
        ("Page", "PageId") => panel.pages.push(text),
        ("Widget", "WidgetId") if panel.widgets.len() < MOST_WIDGETS => panel.widgets.push(text),
        _ => {}
    }
}

/// Writes a text so that it may stand in an element.
pub(crate) fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_a_panel() {
        let document = "<?xml version=\"1.0\"?><Extensions><Version>1.11</Version><Panel><Order>2</Order>\
            <PanelId>water</PanelId><Location>HomeScreen</Location><Icon>Info</Icon><Name>Tea &amp; water</Name>\
            <ActivityType>Custom</ActivityType><Page><Name>Page</Name><PageId>first</PageId><Row><Widget>\
            <WidgetId>level</WidgetId><Name>Level</Name><Type>Slider</Type></Widget></Row></Page></Panel></Extensions>";
        let panels = read(document).unwrap();
        assert_eq!(panels.len(), 1);
        let panel = &panels[0];
        assert_eq!(
            (panel.id.as_str(), panel.name.as_str(), panel.order),
            ("water", "Tea & water", 2)
        );
        assert_eq!(
            (panel.pages.as_slice(), panel.widgets.as_slice()),
            (&["first".to_owned()][..], &["level".to_owned()][..])
        );
        assert!(
            panel.source.starts_with("<Panel>") && panel.source.ends_with("</Panel>"),
            "{}",
            panel.source
        );
    }

    #[test]
    fn refuses_what_is_no_panel() {
        for document in [
            "",
            "text",
            "<Extensions><Panel>",
            "<a></b>",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
        ] {
            assert!(read(document).is_err(), "{document}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(document in "[<>/&;!a-cP\\[\\]é \"=]{0,60}") {
            let _ = read(&document);
            let _ = read(&format!("<Extensions><Panel>{document}</Panel></Extensions>"));
        }
    }
}
