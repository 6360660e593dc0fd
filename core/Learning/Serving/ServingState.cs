using System.Text;

namespace FederatedClinicalMl.Learning;

/// <summary>What a site has made of an order. Numbers are those of the wire.</summary>
public enum ServingState
{
    /// <summary>All of it is on the shelf.</summary>
    OnShelf = 1,

    /// <summary>Models are not here yet; on the shelf is what is here of those that the order names.</summary>
    FilesMissing = 2,

    /// <summary>The site does not allow all of it; on the shelf is what it allows.</summary>
    ModeNotAllowed = 3,

    /// <summary>The site does not allow the line.</summary>
    NotAllowed = 4,

    /// <summary>The order is signed by another key than the site allows for the line.</summary>
    SignerOther = 5,

    /// <summary>The site follows a newer order, or another one of the same number.</summary>
    OrderStale = 6,

    /// <summary>The order cannot be read, or its signature is wrong.</summary>
    OrderWrong = 7,

    /// <summary>A model's files came and are not what was signed.</summary>
    ModelWrong = 8,

    /// <summary>The site has stopped the line: nothing of it answers.</summary>
    Stopped = 9,

    /// <summary>The site's disk refused.</summary>
    StorageFull = 10,

    /// <summary>The worker's log is broken, and nothing is known of what was allowed.</summary>
    LogBroken = 11,
}

/// <summary>The words that stand for states.</summary>
public static class ServingStates
{
    /// <summary>The word for one, e.g. <c>files-missing</c>.</summary>
    public static string Word(this ServingState state)
    {
        var word = new StringBuilder();
        foreach (var letter in state.ToString())
        {
            if (char.IsUpper(letter) && word.Length > 0)
                word.Append('-');
            word.Append(char.ToLowerInvariant(letter));
        }

        return word.ToString();
    }
}
