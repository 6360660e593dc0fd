using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Privacy;

/// <summary>How much noise a study needs.</summary>
internal static class StudyNoise
{
    private const int Least = 125;
    private const int Most = 1_000_000;

    /// <summary>
    /// The least noise multiplier of training, to a thousandth, with which one whole run of a study, its evaluations as they are declared, is under a ceiling by the ledger's count. Null where even a
    /// thousandfold of the sensitivity is not enough.
    /// </summary>
    public static double? Within(PrivacyCeiling ceiling, Study study)
    {
        var filter = PrivacyFilter.Under(ceiling);
        var (fails, holds) = (Least - 1, Most);
        if (!Holds(holds))
            return null;
        while (holds - fails > 1)
        {
            // By the geometric mean: most of the range is far above what anyone wants.
            var middle = Math.Clamp((int)Math.Sqrt((double)fails * holds), fails + 1, holds - 1);
            (fails, holds) = Holds(middle) ? (fails, middle) : (middle, holds);
        }

        return holds / 1000.0;

        bool Holds(int thousandths) => filter.Admits(PrivateStudy.Of(With(study, thousandths / 1000.0)).Cost);
    }

    /// <summary>The study with another noise multiplier.</summary>
    public static Study With(Study study, double multiplier)
    {
        var declared = CanonicalJson.Read(study.Canonical.Span)!;
        declared["privacy"]!["dp"]!["noise-multiplier"] = multiplier;
        var check = StudyChecker.CheckCanonical(CanonicalJson.Write(declared));
        return check.Study ?? throw new InvalidOperationException(check.Faults[0].ToString());
    }
}
