namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>How far a version has come.</summary>
public enum ModelStage
{
    /// <summary>It has a version, and nobody uses it.</summary>
    Development,

    /// <summary>Sites may run it where nobody sees its answers.</summary>
    Staging,

    /// <summary>It is the one that sites use. A line has one at most.</summary>
    Production,

    /// <summary>It was used, or is to be used no more; a rollback may bring it back as long as nobody has retired it.</summary>
    Retired,
}

/// <summary>The words that stand for stages.</summary>
public static class ModelStages
{
    /// <summary>The word for one.</summary>
    public static string Word(this ModelStage stage) => stage.ToString().ToLowerInvariant();

    /// <summary>The stage that a promotion leads to from here; null: none.</summary>
    public static ModelStage? Next(this ModelStage stage) => stage switch
    {
        ModelStage.Development => ModelStage.Staging,
        ModelStage.Staging => ModelStage.Production,
        _ => null,
    };

    /// <summary>The stage that a word stands for.</summary>
    public static bool TryParse(string word, out ModelStage stage)
    {
        foreach (var known in Enum.GetValues<ModelStage>())
        {
            if (known.Word() == word)
            {
                stage = known;
                return true;
            }
        }

        stage = default;
        return false;
    }
}
