using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>What encryption asks of a study: that its sums fit a plaintext, and that there are parameters whose noise bound holds. Asked wherever a study is taken in, so that no run fails of it.</summary>
/// <param name="dimension">Values of an update of the study's model.</param>
public sealed class EncryptionRule(Func<Study, int> dimension) : IStudyRule
{
    /// <inheritdoc/>
    public IEnumerable<(string Path, string Message)> Check(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        StudyTerms.PlanOf(study, study.Federation.Sites.Length, dimension(study), out var fault);
        return fault is null ? [] : [("federation.aggregation", fault)];
    }
}
