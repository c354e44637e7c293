from __future__ import annotations

import pytest

from vidcut import query
from vidcut.errors import QueryError
from vidcut.query import Part, Step, Term, parse
from vidcut.terms import terms

SAID, SHOWN, WRITTEN, WORDED = ("asr",), ("frame",), ("ocr",), ("asr", "ocr")


def words(text: str, modalities: tuple[str, ...] = (), *, weight: float = 1.0) -> Term:
    return Term((Part(text, weight),), modalities)


def exact(text: str, modalities: tuple[str, ...] = WORDED, *, weight: float = 1.0) -> Term:
    return Term((Part(text, weight),), modalities, is_exact=True)


def picture(path: str, *, weight: float = 1.0) -> Part:
    return Part(path, weight, is_picture=True)


def only_step(text: str) -> Step:
    (step,) = parse(text).steps
    return step


def wanted(text: str) -> tuple[Term, ...]:
    step = only_step(text)
    assert step.unwanted == ()
    return step.wanted


# Plain words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "eating hot pot",
        "晚上吃火锅，好吃！",
        "a close-up of e-mail",
        "don't stop 'quoted' rock’n’roll",
        "cats AND dogs OR NOT NEAR(a b) c* ^d {e}:f",
        "foo:bar http://x.y/z.jpg C:\\clips",
        "the train at 12:30 in 16:9, 2:1:3",
        "chapter 2: the end",
        "a -- b -> c --d",
        "C++ +1 a+b",
        "party 🎉",
        "photo.jpg of/a.png ./notes.txt",
        "a > b 《书名》",
    ],
)
def test_plain_words_are_one_part_that_may_be_anywhere(text: str) -> None:
    asked = parse(text)
    assert asked.text == text
    assert asked.steps == (Step((words(text),), ()),)
    assert asked.terms == tuple(dict.fromkeys(terms(text)))


def test_white_space_and_what_is_no_text_are_cleaned() -> None:
    asked = parse(" the\tcat\nand\r\nthe \ud83d Cat\u0378\u3000 ")
    assert asked.text == "the cat and the Cat"
    assert asked.steps == (Step((words("the cat and the Cat"),), ()),)


def test_terms_are_those_of_all_wanted_words_each_once() -> None:
    asked = parse('Red 2:car "red pot" -truck ./pool.jpg >> 吃火鍋 said:car')
    assert asked.terms == ("red", "car", "pot", "吃火", "火锅")


# Word for word ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '"hot pot"',
        "“hot pot”",
        "「hot pot」",
        "\uff02hot pot\uff02",
        '"hot pot\uff02',
        '" hot\t pot "',
    ],
)
def test_what_is_in_quotes_must_be_said_or_written(text: str) -> None:
    assert wanted(text) == (exact("hot pot"),)


def test_each_exact_phrase_is_a_term_of_its_own() -> None:
    assert wanted('"red" "car"') == (exact("red"), exact("car"))
    assert wanted('we had "hot pot" there') == (
        Term((Part("we had"), Part("there"))),
        exact("hot pot"),
    )


def test_a_quote_may_follow_a_character_of_a_script_without_spaces() -> None:
    for text in ('他说"你好"', "他说“你好”", "他说「你好」"):
        assert wanted(text) == (words("他说"), exact("你好"))


def test_nothing_in_quotes_is_a_sign() -> None:
    assert wanted('"a >> b + -c said:d 2:e"') == (exact("a >> b + -c said:d 2:e"),)


@pytest.mark.parametrize(
    "text",
    ['"', '"hot', 'hot"', '27" screen', 'd"or', '"a" b"', "“hot", "吃「火锅", 'said:"hot', '-"a'],
)
def test_a_quote_that_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="is not closed; close it or leave it out"):
        parse(text)


# Where --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("said:hello", words("hello", SAID)),
        ("shown:car", words("car", SHOWN)),
        ("written:menu", words("menu", WRITTEN)),
        ("SAID:hello", words("hello", SAID)),
        ("said：你好", words("你好", SAID)),
        ("said:12:30", words("12:30", SAID)),
        ('said:"good day"', exact("good day", SAID)),
        ("written：“今日特价”", exact("今日特价", WRITTEN)),
        ('shown:"red car"', words("red car", SHOWN)),
    ],
)
def test_a_prefix_says_where(text: str, term: Term) -> None:
    assert wanted(text) == (term,)


def test_a_prefix_holds_for_the_next_word_only() -> None:
    assert wanted("said:hello big world") == (words("hello", SAID), words("big world"))


def test_words_of_equal_modalities_are_one_term() -> None:
    assert wanted("red said:good 2:car said:day") == (
        Term((Part("red"), Part("car", 2))),
        Term((Part("good"), Part("day")), SAID),
    )


@pytest.mark.parametrize("text", ["said:", "a shown: b", "written：", "said:>>a", "2:said:"])
def test_a_prefix_without_a_word_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="nothing after its colon; write said:word"):
        parse(text)


@pytest.mark.parametrize("text", ["said:-a", "a 2:-b", "said:+ b", "said:- b", "2:said:\uff0da"])
def test_a_prefix_before_a_sign_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="has a sign after its colon; write the minus first"):
        parse(text)


def test_two_places_for_one_word_are_refused() -> None:
    with pytest.raises(QueryError, match="'said:written:' names two places"):
        parse("said:written:a")


# Weights ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("2:car", words("car", weight=2)),
        ("0.5:car", words("car", weight=0.5)),
        (".5:car", words("car", weight=0.5)),
        ("100：车", words("车", weight=100)),
        ("\uff12：车", words("车", weight=2)),
        ("2:said:hello", words("hello", SAID, weight=2)),
        ("said:2:hello", words("hello", SAID, weight=2)),
        ('2:"red car"', exact("red car", weight=2)),
        ('written:3:"1st"', exact("1st", WRITTEN, weight=3)),
        ("2:./pool.jpg", Term((picture("./pool.jpg", weight=2),), SHOWN)),
    ],
)
def test_a_number_weighs_the_next_word(text: str, term: Term) -> None:
    assert wanted(text) == (term,)


@pytest.mark.parametrize("number", ["0", "0.0", "101", "9" * 400, "0." + "0" * 400 + "1"])
def test_a_weight_out_of_bounds_is_refused(number: str) -> None:
    with pytest.raises(QueryError, match="is no weight; a weight is above 0 and at most 100"):
        parse(f"{number}:car")


def test_two_weights_for_one_word_are_refused() -> None:
    with pytest.raises(QueryError, match="'2:3:' weighs twice"):
        parse("2:said:3:car")


# Taken away ---------------------------------------------------------------------------


def test_a_minus_before_a_word_takes_it_away() -> None:
    step = only_step('beach -people \uff0d"hot dog" -said:wind -2:sun -./pool.jpg sand')
    assert step.wanted == (Term((Part("beach"), Part("sand"))),)
    assert step.unwanted == (
        words("people"),
        exact("hot dog"),
        words("wind", SAID),
        words("sun", weight=2),
        Term((picture("./pool.jpg"),), SHOWN),
    )


@pytest.mark.parametrize("text", ["-word", '-"a b"', "a >> -b", "\uff0d辣", "🎉 -car"])
def test_a_query_that_only_takes_away_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match=r"only takes away .*; say what to look for besides"):
        parse(text)


# Adding and taking away ---------------------------------------------------------------


def test_lone_signs_add_and_take_away() -> None:
    step = only_step("2:red car + boat - big truck - said:hello there")
    assert step.wanted == (Term((Part("red car", 2), Part("boat"))),)
    assert step.unwanted == (words("big truck"), words("hello there", SAID))
    assert only_step("火锅 \uff0b 2：牛肉 \uff0d 辣") == Step(
        (Term((Part("火锅"), Part("牛肉", 2))),), (words("辣"),)
    )


def test_a_prefix_holds_up_to_the_next_sign_but_for_words_with_their_own() -> None:
    assert wanted("2:red 3:car blue + said:good day") == (
        Term((Part("red", 2), Part("car", 3), Part("blue", 2))),
        words("good day", SAID),
    )
    assert wanted('said:"good day" sir + a') == (
        exact("good day", SAID),
        words("sir", SAID),
        words("a"),
    )


def test_a_sum_with_a_picture_is_looked_for_where_pictures_are() -> None:
    step = only_step('2:red car + ./pool.jpg + said:hello + "exit" - truck')
    assert step.wanted == (
        Term((Part("red car", 2), picture("./pool.jpg")), SHOWN),
        words("hello", SAID),
        exact("exit"),
    )
    assert step.unwanted == (words("truck", SHOWN),)
    assert only_step("car - ./pool.jpg").wanted == (words("car"),)


def test_a_minus_before_a_word_keeps_its_meaning_between_signs() -> None:
    step = only_step("-2:red car + blue -boat")
    assert step.wanted == (Term((Part("car"), Part("blue"))),)
    assert step.unwanted == (words("red", weight=2), words("boat"))


@pytest.mark.parametrize(
    "text", ["+ a", "- a", "a +", "a -", "a + + b", "a - - b", "a >> - b", "+", "a - >> b"]
)
def test_a_sign_with_nothing_on_one_side_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="has nothing on one side; it stands between two"):
        parse(text)


def test_nothing_is_taken_away_twice() -> None:
    with pytest.raises(QueryError, match="one takes away"):
        parse("a - b -c")


# Pictures -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["./pool.jpg", "../a/b.JPEG", "/x/y.png", "~/z.webp", "./a.bmp", "./a.gif", "./图.tif"],
)
def test_a_path_of_a_picture_is_looked_for_in_what_is_seen(path: str) -> None:
    assert wanted(path) == (Term((picture(path),), SHOWN),)
    assert wanted(f'"{path}"') == (Term((picture(path),), SHOWN),)


def test_a_picture_in_quotes_keeps_its_spaces() -> None:
    assert wanted('"./my  pool.tiff"') == (Term((picture("./my  pool.tiff"),), SHOWN),)


def test_a_picture_goes_with_what_is_only_shown_and_apart_from_words() -> None:
    assert wanted("red ./pool.jpg shown:sea") == (
        words("red"),
        Term((picture("./pool.jpg"), Part("sea")), SHOWN),
    )


@pytest.mark.parametrize("text", ["said:./a.jpg", 'written:"./a b.jpg"', "b -said:./a.jpg"])
def test_a_picture_is_neither_said_nor_written(text: str) -> None:
    with pytest.raises(QueryError, match="can neither be said nor written"):
        parse(text)


def test_words_of_a_term_are_without_its_pictures() -> None:
    (term,) = wanted("red + ./pool.jpg + car")
    assert term.words == "red car"


def test_pictures_are_all_that_any_step_names() -> None:
    asked = parse('red + ./a.jpg - ~/b.png >> "/my c.gif" -./d.bmp said:tea')
    assert asked.pictures == {"./a.jpg", "~/b.png", "/my c.gif", "./d.bmp"}
    assert parse("photo.jpg of red").pictures == frozenset()


# Weights of terms, and examples ---------------------------------------------------------


def test_a_term_counts_as_its_weightiest_part() -> None:
    red, good = wanted("2:red 0.5:car said:good")
    assert (red.weight, good.weight) == (2, 1)
    assert wanted('0.5:"hot pot"')[0].weight == 0.5
    assert Term(()).weight == 1


def test_examples_alone_make_a_query_of_what_is_seen() -> None:
    asked = query.by_example(None)
    assert asked == query.Query("", (Step((Term((), SHOWN),), ()),))
    assert (asked.terms, asked.pictures) == ((), frozenset())


def test_beside_examples_plain_words_are_of_what_is_seen() -> None:
    asked = query.by_example(parse("red car -truck"))
    assert asked.text == "red car -truck"
    assert asked.steps == (Step((words("red car", SHOWN),), (words("truck"),)),)


def test_examples_are_looked_for_beside_what_is_only_said() -> None:
    (step,) = query.by_example(parse('said:hello "exit"')).steps
    assert step.wanted == (words("hello", SAID), exact("exit"), Term((), SHOWN))


def test_examples_are_of_the_first_step() -> None:
    first, second = query.by_example(parse("red >> car")).steps
    assert first.wanted == (words("red", SHOWN),)
    assert second.wanted == (words("car"),)


# One after the other ------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["a b >> c", "a b>>c", "a b》》c", "a b \uff1e\uff1e c", "a b >>c"]
)
def test_steps_follow_one_another(text: str) -> None:
    assert parse(text).steps == (Step((words("a b"),), ()), Step((words("c"),), ()))


def test_each_step_is_read_by_itself() -> None:
    first, second = parse('2:red car + ./a.jpg >> tea -milk "hot"').steps
    assert first.wanted == (Term((Part("red car", 2), picture("./a.jpg")), SHOWN),)
    assert second == Step((words("tea"), exact("hot")), (words("milk"),))


@pytest.mark.parametrize("text", [">>", "a >>", ">> a", "a >> >> b", "》》a"])
def test_an_empty_side_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="one side of >> is empty"):
        parse(text)


def test_at_most_five_steps_fit() -> None:
    assert len(parse(">>".join("abcde")).steps) == 5
    with pytest.raises(QueryError, match="the query has 6 steps; at most 5 fit"):
        parse(">>".join("abcdef"))


# Refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "   ", "\n\t\r", "\ud800", "\u0378"])
def test_a_query_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="the query is empty; say what to look for"):
        parse(text)


@pytest.mark.parametrize("text", ["🍲🔥", "…—!", '"!!!"', '""', "said:🎉", "* + !", "a >> ?"])
def test_a_query_without_a_letter_or_digit_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="has no letter or digit to look for"):
        parse(text)


@pytest.mark.parametrize("text", ['"!!!" cat', "cat -!", "🎉 + cat", 'cat ""', "-_- cat"])
def test_what_has_no_letter_or_digit_is_passed_over_beside_what_has(text: str) -> None:
    assert wanted(text) == (words("cat"),)


@pytest.mark.parametrize(
    ("text", "code"), [("a\0b", "0000"), ("\x1b[31m", "001B"), ("a\x85", "0085"), ("\x07", "0007")]
)
def test_a_control_character_is_refused(text: str, code: str) -> None:
    with pytest.raises(QueryError, match=rf"a control character \(U\+{code}\); leave it out"):
        parse(text)


def test_a_query_that_says_too_much_is_refused() -> None:
    with pytest.raises(QueryError, match="10000 characters; at most 2000"):
        parse("x" * 10_000)
    assert parse(" x " * 1000).text == " ".join("x" * 1000)


@pytest.mark.parametrize("text", ["said:written:" + "x" * 1500, '"' + "\n" * 90 + "x" * 1500])
def test_a_refusal_is_one_line_and_not_long(text: str) -> None:
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


# What is told of it -------------------------------------------------------------------


@pytest.mark.parametrize(("form", "example"), [(form, text) for form, _, text in query.GRAMMAR])
def test_every_example_of_the_grammar_is_understood(form: str, example: str) -> None:
    (*_, last) = parse(example).steps
    is_plain = last.wanted == (words(example),)
    assert is_plain == (form == "WORDS")
