using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>Makes a study name who takes part in it: each site, and the key that its worker signs with.</summary>
public static class StudyKeys
{
    /// <summary>The same study with these members in place of its own. Its digest is another.</summary>
    /// <param name="study">The study.</param>
    /// <param name="keys">Each site's fingerprint.</param>
    /// <param name="rules">What else the study is held against.</param>
    public static StudyCheck Name(Study study, IReadOnlyDictionary<SiteId, Sha256Digest> keys, params IEnumerable<IStudyRule> rules)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(keys);
        var declared = CanonicalJson.Read(study.Canonical.Span)!;
        var federation = declared["federation"]!;
        federation["sites"] = new JsonArray([.. keys.Keys.Order().Select(site => JsonValue.Create(site.Value))]);
        federation["keys"] = new JsonObject(keys.Select(key => KeyValuePair.Create(key.Key.Value, (JsonNode?)JsonValue.Create(key.Value.ToString()))));
        return StudyChecker.CheckCanonical(CanonicalJson.Write(declared), rules);
    }
}
