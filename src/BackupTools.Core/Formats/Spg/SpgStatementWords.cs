namespace BackupTools.Formats.Spg;

/// <summary>
/// Finds out from the first words of a statement what it does to the transaction (SPG format, §6.5), however long
/// the statement and in whatever pieces it comes. White space and SQL comments before a word are skipped.
/// </summary>
internal struct SpgStatementWords
{
    private const int LongestWord = 11; // TRANSACTION

    private enum Place
    {
        Between,
        Word,
        Dash,
        LineComment,
        Slash,
        BlockComment,
        BlockCommentStar,
        BlockCommentSlash,
        Decided,
    }

    [System.Runtime.CompilerServices.InlineArray(LongestWord)]
    private struct Letters
    {
        private byte _first;
    }

    private Letters _letters;
    private int _length;
    private int _depth;
    private bool _rollback;
    private Place _place;

    /// <summary>The answer for a statement that is completely in memory.</summary>
    public static SpgStatement Of(ReadOnlySpan<byte> statement)
    {
        // Most statements begin with a letter that none of the words looked for begins with.
        if (!statement.IsEmpty && (statement[0] & ~0x20) is >= 'F' and <= 'Q' or >= 'T' and <= 'Z' or 'A' or 'D')
        {
            return SpgStatement.Other;
        }
        var words = new SpgStatementWords();
        words.Append(statement);
        words.Finish();
        return words.Statement;
    }

    /// <summary>True once no further byte can change the answer.</summary>
    public readonly bool IsDecided => _place == Place.Decided;

    /// <summary>The answer; final after <see cref="Finish"/>.</summary>
    public SpgStatement Statement { get; private set; }

    /// <summary>Takes the next piece of the statement.</summary>
    public void Append(ReadOnlySpan<byte> text)
    {
        for (var i = 0; i < text.Length && !IsDecided; i++)
        {
            Next(text[i]);
        }
    }

    /// <summary>Tells that the statement ends here.</summary>
    public void Finish()
    {
        if (_place == Place.Word)
        {
            EndWord();
        }
        if (!IsDecided)
        {
            Decide(_rollback ? SpgStatement.End : SpgStatement.Other);
        }
    }

    private void Next(byte b)
    {
        switch (_place)
        {
            case Place.Word when IsLetter(b):
                AddLetter(b);
                break;
            case Place.Word:
                EndWord();
                if (!IsDecided)
                {
                    Between(b);
                }
                break;
            case Place.Between:
                Between(b);
                break;
            case Place.Dash when b == '-':
                _place = Place.LineComment;
                break;
            case Place.Slash when b == '*':
                _depth = 1;
                _place = Place.BlockComment;
                break;
            case Place.Dash or Place.Slash:
                Finish();
                break;
            case Place.LineComment:
                _place = b == '\n' ? Place.Between : Place.LineComment;
                break;
            default:
                InBlockComment(b);
                break;
        }
    }

    private void Between(byte b)
    {
        _place = b switch
        {
            (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' or (byte)'\f' or (byte)'\v' => Place.Between,
            (byte)'-' => Place.Dash,
            (byte)'/' => Place.Slash,
            _ => Place.Word,
        };
        if (_place != Place.Word)
        {
            return;
        }
        _length = 0;
        if (IsLetter(b))
        {
            AddLetter(b);
        }
        else
        {
            _place = Place.Between;
            Finish();
        }
    }

    // Block comments nest, as in the SQL standard.
    private void InBlockComment(byte b)
    {
        if (_place == Place.BlockCommentStar && b == '/')
        {
            _place = --_depth == 0 ? Place.Between : Place.BlockComment;
        }
        else if (_place == Place.BlockCommentSlash && b == '*')
        {
            _depth++;
            _place = Place.BlockComment;
        }
        else
        {
            _place = b switch
            {
                (byte)'*' => Place.BlockCommentStar,
                (byte)'/' => Place.BlockCommentSlash,
                _ => Place.BlockComment,
            };
        }
    }

    private void AddLetter(byte b)
    {
        _place = Place.Word;
        if (_length < LongestWord)
        {
            _letters[_length] = (byte)(b is >= (byte)'a' and <= (byte)'z' ? b - 32 : b);
        }
        _length++;
    }

    private void EndWord()
    {
        _place = Place.Between;
        var word = _length <= LongestWord ? ((ReadOnlySpan<byte>)_letters)[.._length] : [];
        if (_rollback)
        {
            if (word.SequenceEqual("TO"u8))
            {
                Decide(SpgStatement.Other);
            }
            else if (!word.SequenceEqual("WORK"u8) && !word.SequenceEqual("TRANSACTION"u8))
            {
                Decide(SpgStatement.End);
            }
        }
        else if (word.SequenceEqual("ROLLBACK"u8))
        {
            _rollback = true;
        }
        else if (word.SequenceEqual("BEGIN"u8) || word.SequenceEqual("START"u8))
        {
            Decide(SpgStatement.Begin);
        }
        else
        {
            var ends = word.SequenceEqual("COMMIT"u8) || word.SequenceEqual("END"u8);
            Decide(ends ? SpgStatement.End : SpgStatement.Other);
        }
    }

    private void Decide(SpgStatement statement)
    {
        Statement = statement;
        _place = Place.Decided;
    }

    // Digits, underscore and everything beyond ASCII continue a word, so that BEGIN_LOG is not BEGIN.
    private static bool IsLetter(byte b) =>
        b
            is >= (byte)'a'
                and <= (byte)'z'
                or >= (byte)'A'
                and <= (byte)'Z'
                or >= (byte)'0'
                and <= (byte)'9'
                or (byte)'_'
        || b >= 0x80;
}
