using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What private training asks of a study beyond its declaration: that its noise can be calibrated for its network. Every worker asks it before an approval; whoever writes a study hears it earlier by this.</summary>
public sealed class PrivateTrainingRule : IStudyRule
{
    /// <inheritdoc/>
    public IEnumerable<(string Path, string Message)> Check(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        if (study.Privacy is null)
            return [];
        try
        {
            PrivateStudy.Of(study);
            return [];
        }
        catch (ArgumentException unsound)
        {
            return [("privacy.dp", unsound.Message)];
        }
    }
}
