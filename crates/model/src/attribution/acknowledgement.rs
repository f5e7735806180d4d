//! Whether a text only thanks or nods.

use super::acknowledgement_words::{ASSENT, COMPLAINTS, FILLERS, FROWNS, REASONS, SMILEYS, THANKS};
use std::{cmp::Reverse, sync::LazyLock};

/// Longer texts say something.
const MAX_CHARS: usize = 80;
/// Texts with more words (Chinese: characters) say something.
const MAX_WORDS: usize = 14;

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Thanks,
    Assent,
    Filler,
    Reason,
}

struct Phrase {
    words: Vec<String>,
    part: Part,
}

/// All phrases, longest first, so that "all good" is read before "good".
static PHRASES: LazyLock<Vec<Phrase>> = LazyLock::new(|| {
    let lists = [(THANKS, Part::Thanks), (ASSENT, Part::Assent), (FILLERS, Part::Filler), (REASONS, Part::Reason)];
    let mut phrases: Vec<Phrase> = lists
        .into_iter()
        .flat_map(|(lines, part)| lines.iter().flat_map(|line| line.split(',')).map(move |text| (text, part)))
        .map(|(text, part)| Phrase { words: words(text).into_iter().map(|word| word.folded).collect(), part })
        .collect();
    // Stable: of equally long ones, the list that comes first above.
    phrases.sort_by_key(|phrase| Reverse(phrase.words.len()));
    phrases
});

/// Whether a text only thanks or nods ("ok", "thanks a lot!", "ačiū", "好的", a lone 👍), in English, Lithuanian, Latvian,
/// Polish and Chinese.
///
/// Every word must belong to a phrase of thanks or assent, or be a filler beside one; after thanks a name may follow ("Thanks
/// Anna"). What is left over ("but it is still broken"), a question mark, an emoji that complains, or length make it a
/// message like any other: better an episode reopened for a "thanks" than a complaint filed under it.
#[must_use]
pub fn is_acknowledgement(text: &str) -> bool {
    if text.chars().count() > MAX_CHARS || text.contains(['?', '？']) || text.contains(COMPLAINTS) {
        return false;
    }
    let mut pleased = text.chars().any(is_emoji);
    let mut kept = String::with_capacity(text.len());
    for part in text.split_whitespace() {
        let small = part.to_lowercase();
        if FROWNS.iter().any(|frown| small.contains(frown)) {
            return false;
        }
        // "thanks:)" too; a smiley is ASCII, so the same bytes end the part in its own case.
        let smiley = SMILEYS.iter().find(|smiley| small.ends_with(**smiley));
        let ends = smiley.and_then(|smiley| part.get(..part.len().saturating_sub(smiley.len())));
        pleased |= ends.is_some();
        kept.push_str(ends.unwrap_or(part));
        kept.push(' ');
    }
    let words = words(&kept);
    if words.is_empty() {
        return pleased;
    }
    words.len() <= MAX_WORDS && only_thanks(&words)
}

fn only_thanks(words: &[Word]) -> bool {
    let (mut place, mut thanked, mut assented) = (0, false, false);
    while let Some(rest) = words.get(place..).filter(|rest| !rest.is_empty()) {
        let fits = |phrase: &&Phrase| {
            (thanked || phrase.part != Part::Reason)
                && phrase.words.len() <= rest.len()
                && phrase.words.iter().zip(rest).all(|(known, word)| *known == word.folded)
        };
        let Some(phrase) = PHRASES.iter().find(fits) else {
            // A name at the end, after thanks.
            return thanked && rest.len() == 1 && rest[0].capitalised;
        };
        thanked |= phrase.part == Part::Thanks;
        assented |= phrase.part == Part::Assent;
        place += phrase.words.len();
    }
    thanked || assented
}

struct Word {
    folded: String,
    /// Begins with a capital and goes on in small letters, as names do.
    capitalised: bool,
}

/// Words without case, marks and punctuation; each Chinese character is one.
fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut word = String::new();
    for letter in text.chars().chain([' ']) {
        if letter == '\'' || letter == '’' {
            continue;
        }
        let han = ('\u{3400}'..='\u{9fff}').contains(&letter);
        if letter.is_alphanumeric() && !han {
            word.push(letter);
            continue;
        }
        if !word.is_empty() {
            let mut letters = word.chars();
            let capitalised = letters.next().is_some_and(char::is_uppercase)
                && letters.clone().count() > 0
                && letters.all(char::is_lowercase);
            found.push(Word { folded: fold(&word), capitalised });
            word.clear();
        }
        if han {
            found.push(Word { folded: letter.to_string(), capitalised: false });
        }
    }
    found
}

/// Lower case, without the marks of the languages above, stretched letters ("thaaanks") shortened.
fn fold(word: &str) -> String {
    let mut folded: Vec<char> = Vec::new();
    let letters: Vec<char> = word.to_lowercase().chars().map(without_mark).collect();
    let mut place = 0;
    while place < letters.len() {
        let letter = letters[place];
        let run = letters[place..].iter().take_while(|next| **next == letter).count();
        folded.extend(std::iter::repeat_n(letter, if run > 2 { 1 } else { run }));
        place += run;
    }
    folded.into_iter().collect()
}

fn without_mark(letter: char) -> char {
    match letter {
        'ą' | 'ā' => 'a',
        'č' | 'ć' => 'c',
        'ę' | 'ė' | 'ē' => 'e',
        'ģ' => 'g',
        'į' | 'ī' => 'i',
        'ķ' => 'k',
        'ł' | 'ļ' => 'l',
        'ń' | 'ņ' => 'n',
        'ó' | 'ō' => 'o',
        'š' | 'ś' => 's',
        'ų' | 'ū' => 'u',
        'ž' | 'ź' | 'ż' => 'z',
        other => other,
    }
}

fn is_emoji(letter: char) -> bool {
    matches!(u32::from(letter), 0x1F300..=0x1FAFF | 0x2600..=0x27BF | 0x2B50 | 0x2B55 | 0x1F1E6..=0x1F1FF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn thanks_and_assent_are_known_in_each_language() {
        let texts = "thanks|Thanks!|THANK YOU|thank you so much|Thank you very much for your help!|thx|ty|Many thanks|ok|OK.|okay|Okay, thanks|\
            Ok great thank you|got it, thanks|Perfect, thank you!!|great|cheers mate|k|That's great, thanks|all good, thanks|thaaanks|okkkk|\
            Thanks Anna|Thank you, Anna!|thanks :)|ok :D|will do, thanks|thanks for the quick reply|thanks:)|Thank you for letting me know|You too!|have a nice day|much appreciated|no problem|\
            Ačiū|aciu|AČIŪ!!!|labai ačiū|ačiū už pagalbą|Ačiū Jums labai|Dėkoju|dekui|gerai|Gerai, ačiū|supratau|puiku, ačiū|aišku|Ačiū, Jonai|geros dienos|\
            Paldies|liels paldies|Paldies par palīdzību!|Paldies Jums|labi|labi, paldies|sapratu|skaidrs, paldies|pateicos|\
            Dziękuję|dziekuje|Dziękuję bardzo|bardzo dziękuję za pomoc|Dzięki!|dzieki|ok, dzięki|dobrze|dobrze, dziękuję|super|w porządku|rozumiem|Dziękuję Pani Anno|\
            谢谢|谢谢!|谢谢你|非常感谢|多谢|谢谢您的帮助|好的|好|好的,谢谢|好的谢谢|收到|收到,谢谢|明白了|知道了|了解|没问题|嗯嗯|辛苦了|OK 谢谢|\
            謝謝|謝謝您|謝謝你的幫助|非常感謝|多謝|好的,謝謝|收到|明白了|了解|沒問題|辛苦了|唔該";
        let missed: Vec<&str> = texts.split('|').filter(|text| !is_acknowledgement(text)).collect();
        assert!(missed.is_empty(), "not known: {missed:?}");
    }

    #[test]
    fn a_lone_emoji_nods_unless_it_complains() {
        for text in
            ["👍", "👍🏽", "❤️", "🙏", "😊", "👍👍👍", " 👌 ", "☺️", "🎉", ":)", ";-)", "<3", "ok 👍", "🙏 thanks"]
        {
            assert!(is_acknowledgement(text), "{text}");
        }
        for text in ["👎", "😡", "😭", "❌", "thanks 😡", ":(", "thanks :(", "ok :/"] {
            assert!(!is_acknowledgement(text), "{text}");
        }
    }

    #[test]
    fn whatever_says_more_is_a_message() {
        let texts = "thanks, but it is still broken|Thanks but no|ok but when|ok?|okay, cancel it|OK cancel|thanks for nothing|not ok|no thanks|no|yes|\
            not good|ok, where is my order|OK Cancel|ok do it now|ok and your answer|Great Error|no, thanks|thank you, one more question|Thanks. It does not work|good morning|great, another error|\
            fine, I will call my bank|help|for your information|thanks thanks refund please|perfect is not what I would call it|\
            ačiū, bet neveikia|gerai, o kada|negerai|dar neveikia|ačiū, dar vienas klausimas|\
            paldies, bet nestrādā|labi, bet kad|nav labi|\
            dziękuję, ale nadal nie działa|dobrze, ale kiedy|nie działa|niedobrze|ok, a faktura|\
            谢谢,但是还是不行|好的,但是还没收到|不好|没收到|不明白|好吗|可以吗|不行|\
            謝謝,但是還是不行|還沒收到|不清楚|好嗎||   |...|!|-|12345|order 5512";
        let wrong: Vec<&str> = texts.split('|').map(str::trim).filter(|text| is_acknowledgement(text)).collect();
        assert!(wrong.is_empty(), "taken for thanks: {wrong:?}");
    }

    #[test]
    fn length_decides() {
        assert!(!is_acknowledgement(&"thanks ".repeat(20)));
        assert!(is_acknowledgement(&"thanks ".repeat(3)));
    }

    #[test]
    fn no_phrase_is_empty() {
        assert!(PHRASES.iter().all(|phrase| !phrase.words.is_empty()));
    }

    proptest! {
        #[test]
        fn any_text_is_judged_without_panic(text in "\\PC*") {
            let _ = is_acknowledgement(&text);
        }

        #[test]
        fn thanks_with_more_words_is_never_a_coda(
            thanks in proptest::sample::select(vec!["thanks", "ok", "ačiū", "paldies", "dziękuję", "谢谢", "謝謝"]),
            more in "[b-df-hj-np-tv-z]{4,9}( [b-df-hj-np-tv-z]{4,9}){1,3}",
        ) {
            let text = format!("{thanks} {more}");
            prop_assert!(!is_acknowledgement(&text), "{}", text);
        }
    }
}
