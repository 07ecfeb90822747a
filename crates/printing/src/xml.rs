//! The printer driver's XML.
//!
//! Written by hand: three elements, fixed attributes and one kind of text make a crate longer than the code.

use crate::line::{Align, Line};

/// The document, tab-indented as drivers know it.
pub(crate) fn print_data(lines: &[Line]) -> String {
    let mut xml = String::with_capacity(lines.len() * 160 + 80);
    xml.push_str("<?xml version=\"1.0\" ?>\n<PrintData>\n\t<Page>\n");
    for line in lines {
        push_line(&mut xml, line);
    }
    xml.push_str("\t</Page>\n</PrintData>\n");
    xml
}

fn push_line(xml: &mut String, line: &Line) {
    let (kind, align) = match line {
        Line::Text(Align::Left, _) => ("Text", "Left"),
        Line::Text(Align::Center, _) => ("Text", "Center"),
        Line::Text(Align::Right, _) => ("Text", "Right"),
        Line::Split(..) => ("Text", "Split"),
        Line::Rule => ("Line", ""),
    };
    xml.push_str("\t\t<Line type=\"");
    xml.push_str(kind);
    xml.push_str("\" align=\"");
    xml.push_str(align);
    xml.push_str("\" dimension=\"\">\n");
    let (first, second) = match line {
        Line::Split(first, second) => (first.as_str(), second.as_str()),
        Line::Text(..) | Line::Rule => ("", ""),
    };
    if let Line::Text(_, text) = line
        && !text.is_empty()
    {
        xml.push_str("\t\t\t");
        push_escaped(xml, text);
        xml.push('\n');
    }
    push_item(xml, "Item1", first);
    push_item(xml, "Item2", second);
    xml.push_str("\t\t</Line>\n");
}

fn push_item(xml: &mut String, name: &str, text: &str) {
    xml.push_str("\t\t\t<");
    xml.push_str(name);
    if text.is_empty() {
        xml.push_str("/>\n");
        return;
    }
    xml.push('>');
    push_escaped(xml, text);
    xml.push_str("</");
    xml.push_str(name);
    xml.push_str(">\n");
}

fn push_escaped(xml: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            other => xml.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Printout;

    #[test]
    fn the_shape_is_that_of_the_printer_driver() {
        let mut paper = Printout::new();
        paper.center("<A & \"B\">").split("合計", "1,000").rule().blank();
        insta::assert_snapshot!(paper.receipt_text());
    }
}
