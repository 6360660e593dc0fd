namespace FederatedClinicalMl.Learning;

/// <summary>Why a site's scoring has taken a version out of use by itself. Numbers are those of the wire.</summary>
public enum WithdrawalReason
{
    /// <summary>Outcomes say that it has become worse than its bound.</summary>
    Performance = 1,

    /// <summary>Outcomes say that its probabilities are off by more than their bound.</summary>
    Calibration = 2,

    /// <summary>It answers too slowly.</summary>
    Latency = 3,

    /// <summary>It fails too often.</summary>
    Errors = 4,

    /// <summary>The features that it is given cannot be computed.</summary>
    DataPipeline = 5,

    /// <summary>A clinician has pressed the stop button.</summary>
    StopButton = 6,

    /// <summary>Its files are not what they were, or hold what is not run here.</summary>
    ModelBroken = 7,
}

/// <summary>The words that stand for reasons.</summary>
public static class WithdrawalReasons
{
    /// <summary>Longest word, in characters.</summary>
    public const int LongestWord = 13;

    /// <summary>The word for one.</summary>
    public static string Word(this WithdrawalReason reason) => reason switch
    {
        WithdrawalReason.Performance => "performance",
        WithdrawalReason.Calibration => "calibration",
        WithdrawalReason.Latency => "latency",
        WithdrawalReason.Errors => "errors",
        WithdrawalReason.DataPipeline => "data-pipeline",
        WithdrawalReason.StopButton => "stop-button",
        WithdrawalReason.ModelBroken => "model-broken",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "There is no such reason."),
    };

    /// <summary>The reason that a word stands for.</summary>
    public static bool TryParse(string word, out WithdrawalReason reason)
    {
        foreach (var known in Enum.GetValues<WithdrawalReason>())
        {
            if (known.Word() == word)
            {
                reason = known;
                return true;
            }
        }

        reason = default;
        return false;
    }
}
