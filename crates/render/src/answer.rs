//! An answer in words, read as one of the options that are open.

use model::block::ChoiceOption;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The words for 1, 2, 3 … in the product's languages (en, lt, lv, pl), cardinal and ordinal, without accents. Chinese is
/// read by its signs.
const NUMBERS: [&str; 13] = [
    "one first vienas viena pirmas pirma pirmasis pirmoji viens pirmais pirmo jeden jedna jedno pierwszy pierwsza pierwsze",
    "two second du dvi antras antra antrasis antroji divi divas otrais otra otro dwa dwie drugi druga drugie",
    "three third trys trecias trecia treciasis trecioji tris tresais tresa treso trzy trzeci trzecia trzecie",
    "four fourth keturi keturios ketvirtas ketvirta ketvirtasis ketvirtoji cetri cetras ceturtais ceturta ceturto cztery czwarty czwarta czwarte",
    "five fifth penki penkios penktas penkta penktasis penktoji pieci piecas piektais piekta piekto piec piaty piata piate",
    "six sixth sesi sesios sestas sesta sestasis sestoji sesas sestais sesto szesc szosty szosta szoste",
    "seven seventh septyni septynios septintas septinta septini septinas septitais septita septito siedem siodmy siodma siodme",
    "eight eighth astuoni astuonios astuntas astunta astoni astonas astotais astota astoto osiem osmy osma osme",
    "nine ninth devyni devynios devintas devinta devini devinas devitais devita devito dziewiec dziewiaty dziewiata dziewiate",
    "ten tenth desimt desimtas desimta desmit desmitais desmita desmito dziesiec dziesiaty dziesiata dziesiate",
    "eleven eleventh vienuolika vienuoliktas vienuolikta vienpadsmit vienpadsmitais jedenascie jedenasty jedenasta",
    "twelve twelfth dvylika dvyliktas dvylikta divpadsmit divpadsmitais dwanascie dwunasty dwunasta",
    "thirteen thirteenth trylika tryliktas trylikta trispadsmit trispadsmitais trzynascie trzynasty trzynasta",
];
/// Words that may stand beside a number and change nothing, without accents.
const FILLERS: &str = "the option number no nr answer please variantas varianta numeris numeri atsakymas prasau \
    variants variantu numurs numuru atbilde ludzu opcja opcje numer odpowiedz prosze";
/// Signs that may stand beside a Chinese number.
const CHINESE_FILLERS: &str = "第个個号號项項选選择擇我要请請种種";
const CHINESE_DIGITS: &str = "一二三四五六七八九";

/// The option that an answer means, if it is clear: its title, typed in either case and with or without accents, or its
/// number as a digit or word ("2", "2.", "the second one", "antras", "第二个"). A title comes before a number. What could mean two
/// options means none.
///
/// `open` are the offers of the part that is answered, numbered from 1 in their order.
#[must_use]
pub fn read_answer<'a>(open: &'a [ChoiceOption], text: &str) -> Option<&'a str> {
    let typed = bare(&lower(text));
    if typed.is_empty() {
        return None;
    }
    let folds: [fn(&str) -> String; 2] = [|text| bare(&lower(text)), |text| bare(&folded(text))];
    for fold in folds {
        let typed = fold(text);
        let mut named = open.iter().filter(|option| fold(&option.title) == typed);
        match (named.next(), named.next()) {
            (Some(option), None) => return Some(&option.id),
            (Some(_), Some(_)) => return None,
            (None, _) => {}
        }
    }
    let place = number(&folded(text))?.checked_sub(1)?;
    open.get(place).map(|option| option.id.as_str())
}

/// Lower case in compatibility form, single spaces.
fn lower(text: &str) -> String {
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// As [`lower`], without accents.
fn folded(text: &str) -> String {
    let letters = text.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase);
    // The one letter of our languages whose stroke is no mark of its own.
    let plain: String = letters.map(|letter| if letter == 'ł' { 'l' } else { letter }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without what stands before the first and after the last letter or digit; as it is, when there is neither.
fn bare(text: &str) -> String {
    let inner = text.trim_matches(|letter: char| !letter.is_alphanumeric());
    if inner.is_empty() { text.to_owned() } else { inner.to_owned() }
}

/// The number that a text is, with at most some words around it that change nothing.
fn number(text: &str) -> Option<usize> {
    let words: Vec<&str> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty() && !FILLERS.split(' ').any(|filler| filler == *word))
        .collect();
    match words[..] {
        [word] => word_number(word),
        // "The second one".
        [word, "one"] => word_number(word),
        _ => None,
    }
}

fn word_number(word: &str) -> Option<usize> {
    let known = NUMBERS.iter().position(|words| words.split(' ').any(|known| known == word));
    let ordinal = || ["st", "nd", "rd", "th"].into_iter().find_map(|ending| word.strip_suffix(ending)?.parse().ok());
    known.map(|place| place + 1).or_else(|| word.parse().ok()).or_else(ordinal).or_else(|| chinese_number(word))
}

/// 1 to 99 in Chinese signs or digits, with measure words.
fn chinese_number(word: &str) -> Option<usize> {
    let signs: String = word.chars().filter(|sign| !CHINESE_FILLERS.contains(*sign)).collect();
    let digit = |sign: char| match sign {
        '两' | '兩' => Some(2),
        sign => CHINESE_DIGITS.chars().position(|known| known == sign).map(|place| place + 1),
    };
    let signs: Vec<char> = signs.chars().collect();
    match signs[..] {
        ['十'] => Some(10),
        ['十', ones] => Some(10 + digit(ones)?),
        [tens, '十'] => Some(10 * digit(tens)?),
        [tens, '十', ones] => Some(10 * digit(tens)? + digit(ones)?),
        [one] if digit(one).is_some() => digit(one),
        _ => signs.iter().collect::<String>().parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(titles: &[&str]) -> Vec<ChoiceOption> {
        let option = |(place, title): (usize, &&str)| ChoiceOption {
            id: format!("id{}", place + 1),
            title: (*title).to_owned(),
            description: None,
            url: None,
        };
        titles.iter().enumerate().map(option).collect()
    }

    fn read(titles: &[&str], text: &str) -> Option<String> {
        read_answer(&open(titles), text).map(str::to_owned)
    }

    const LAMPS: [&str; 4] = ["Desk lamp", "Łańcuch świetlny", "Žibintas", "台灯"];

    #[test]
    fn numbers_in_every_spelling_and_language() {
        for text in [
            "2",
            " 2. ",
            "(2)",
            "#2",
            "2)",
            "２",
            "②",
            "2️⃣",
            "02",
            "two",
            "Two!",
            "TWO",
            "the second one",
            "option 2",
            "No. 2",
            "nr 2",
            "2nd",
            "second",
            "du",
            "dvi",
            "antras",
            "Antrą",
            "antra prašau",
            "divi",
            "otrais",
            "Otro, lūdzu",
            "dwa",
            "drugi",
            "Drugą proszę",
            "numer 2",
            "二",
            "两",
            "兩",
            "第二个",
            "第二個",
            "选二",
            "選2",
            "2号",
            "第2項",
        ] {
            assert_eq!(read(&LAMPS, text).as_deref(), Some("id2"), "{text}");
        }
        for (number, words) in NUMBERS.iter().enumerate() {
            let many: Vec<String> = (0..13).map(|n| format!("Option {}", char::from(b'a' + n))).collect();
            let many: Vec<&str> = many.iter().map(String::as_str).collect();
            for word in words.split(' ') {
                assert_eq!(read(&many, word), Some(format!("id{}", number + 1)), "{word}");
            }
        }
        assert_eq!(chinese_number("十三"), Some(13));
        assert_eq!(chinese_number("第二十一个"), Some(21));
        assert_eq!(chinese_number("二十"), Some(20));
    }

    #[test]
    fn no_word_means_two_numbers() {
        let mut seen = std::collections::HashMap::new();
        for (number, words) in NUMBERS.iter().enumerate() {
            for word in words.split(' ') {
                assert!(seen.insert(word, number).is_none_or(|known| known == number), "{word}");
                assert_eq!(folded(word), word, "words are kept without accents");
                assert!(!FILLERS.split(' ').any(|filler| filler == word), "{word}");
            }
        }
    }

    #[test]
    fn titles_in_either_case_with_or_without_accents() {
        for (text, id) in [
            ("desk lamp", "id1"),
            (" DESK   LAMP.", "id1"),
            ("łańcuch świetlny", "id2"),
            ("lancuch swietlny", "id2"),
            ("ZIBINTAS", "id3"),
            ("žibintas!", "id3"),
            ("台灯", "id4"),
        ] {
            assert_eq!(read(&LAMPS, text).as_deref(), Some(id), "{text}");
        }
    }

    #[test]
    fn what_is_not_clear_is_no_answer() {
        for text in [
            "",
            " ",
            "?!",
            "0",
            "5",
            "-",
            "lamp",
            "I want two lamps",
            "two three",
            "99999999999999999999999",
            "one one one",
            "个",
            "十十",
        ] {
            assert_eq!(read(&LAMPS, text), None, "{text}");
        }
        assert_eq!(read(&["Yes", "yes"], "YES"), None, "two options say this");
        assert_eq!(read(&["Yes", "yes"], "2").as_deref(), Some("id2"));
        assert_eq!(read(&["są", "sa"], "są").as_deref(), Some("id1"), "the exact word first");
        assert_eq!(read(&["2", "1"], "2").as_deref(), Some("id1"), "a title comes before a number");
        assert_eq!(read(&["👍", "👎"], "👎").as_deref(), Some("id2"));
        assert_eq!(read(&["👍", "👎"], "1").as_deref(), Some("id1"));
    }
}
