/// A fenced block of a page.
#[derive(Debug)]
pub struct Block {
    /// The line that it begins at.
    pub line: usize,
    pub language: String,
    pub text: String,
}

/// The fenced blocks of a page in Markdown.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text += line;
                block.text += "\n";
            }
            (None, Some(language)) => {
                open = Some(Block { line: number + 1, language: language.to_owned(), text: String::new() });
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}
