namespace FederatedClinicalMl.Learning;

/// <summary>How a candidate is tried beside the version in production.</summary>
public enum RolloutMode
{
    /// <summary>It is scored beside production and logged; it answers nobody.</summary>
    Shadow,

    /// <summary>It answers a share of the patients, which grows by steps.</summary>
    Canary,

    /// <summary>It answers a share of the patients that stays as it is, for a comparison.</summary>
    Ab,

    /// <summary>It is loaded and warm, and answers nobody or everybody.</summary>
    BlueGreen,
}

/// <summary>The words that stand for modes.</summary>
public static class RolloutModes
{
    /// <summary>Longest word, in characters.</summary>
    public const int LongestWord = 10;

    /// <summary>The word for one.</summary>
    public static string Word(this RolloutMode mode) => mode switch
    {
        RolloutMode.Shadow => "shadow",
        RolloutMode.Canary => "canary",
        RolloutMode.Ab => "ab",
        RolloutMode.BlueGreen => "blue-green",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, "There is no such mode."),
    };

    /// <summary>The mode that a word stands for.</summary>
    public static bool TryParse(string word, out RolloutMode mode)
    {
        foreach (var known in Enum.GetValues<RolloutMode>())
        {
            if (known.Word() == word)
            {
                mode = known;
                return true;
            }
        }

        mode = default;
        return false;
    }
}
