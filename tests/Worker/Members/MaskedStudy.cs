using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;

namespace FederatedClinicalMl.Tests.Worker.Members;

/// <summary>A study of three sites whose updates are summed under masks.</summary>
internal static class MaskedStudy
{
    public static SiteId South { get; } = SiteId.Parse("south");

    public static SiteId West { get; } = SiteId.Parse("west");

    /// <summary>A fingerprint of nobody.</summary>
    public static Sha256Digest KeyOf(string whose) => Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(whose));

    /// <summary>The study, with these keys; null: without any.</summary>
    public static Study Of(params (SiteId Site, Sha256Digest Key)[]? keys)
    {
        var declared = CanonicalJson.Read(StudyText.Of("{name: age, range: [0, 120]}").Canonical.Span)!;
        var federation = declared["federation"]!.AsObject();
        federation.Remove("sites");
        (federation["aggregation"], federation["quorum"]) = ("secure", 3);
        var study = StudyChecker.CheckCanonical(CanonicalJson.Write(declared)).Study!;
        return keys is null ? study : StudyKeys.Name(study, keys.ToDictionary(key => key.Site, key => key.Key)).Study!;
    }

    /// <summary>The study that names the right key of the site <c>north</c>.</summary>
    public static Study For(Site north) => Of((Site.Name, north.Key.PublicKey.Fingerprint), (South, KeyOf("south")), (West, KeyOf("west")));
}
