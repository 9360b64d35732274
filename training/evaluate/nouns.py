"""The main noun of a caption, and whether the references name it too."""
import re

# What ends the subject of a Flickr8k caption: prepositions, auxiliaries, relative words, and verbs by their ending.
_ENDS = set("in on at with of is are was has have wearing and near by through over under while who that which as to "
            "for from into onto out up down along behind beside next stands sits runs jumps plays walks rides".split())
_NOT_VERBS = {"king", "ring", "string", "swing", "building", "thing", "something", "morning", "wedding", "ceiling"}
# Words that may stand last before a subject ends, as in "a in the grass" or "two are running", and are none.
_NEVER = set("a an the this that these those there it its his her their some several many one two three four five six "
             "and or of young small little big large black white brown red blue".split())
_SAME = {"men": "man", "women": "woman", "children": "child", "people": "person", "puppies": "puppy",
         "ladies": "lady", "babies": "baby", "bodies": "body"}


def _single(word):
    if word in _SAME:
        return _SAME[word]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def words(text):
    return re.findall(r"[a-z]+", text.lower())


def main_noun(caption):
    """The last word before the subject ends, in the singular; None where there is none or it is no noun."""
    subject = []
    for word in words(caption):
        if subject and (word in _ENDS or (word.endswith("ing") and word not in _NOT_VERBS)):
            break
        subject.append(word)
    return None if not subject or subject[-1] in _NEVER else _single(subject[-1])


def agreeing(caption, references):
    """How many references have the caption's main noun among their words."""
    noun = main_noun(caption)
    return 0 if noun is None else sum(noun in {_single(word) for word in words(reference)} for reference in references)
