using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Protocol;

public sealed class StudyKeysTests
{
    private static readonly Dictionary<SiteId, Sha256Digest> s_keys = new[] { "west", "north", "south" }
        .ToDictionary(SiteId.Parse, site => Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(site)));

    [Fact]
    public void Name_studyThatNamesNobody_namesEveryMemberAndChangesNothingElse()
    {
        var before = StudyChecker.CheckYaml(StudyTexts.Smallest).Study!;

        var named = StudyKeys.Name(before, s_keys).Study!;

        Assert.Equal(["north", "south", "west"], named.Federation.Sites.Select(site => site.Value));
        Assert.Equal(s_keys.OrderBy(key => key.Key), named.Federation.Keys);
        Assert.NotEqual(before.Digest, named.Digest);
        Assert.Equal(named.Canonical.ToArray(), StudyKeys.Name(named, s_keys).Study!.Canonical.ToArray());
    }

    [Fact]
    public void Name_tooFewForMasks_isAFault() =>
        Assert.Contains("invite 3 to 256 sites", Assert.Single(StudyKeys.Name(StudyChecker.CheckYaml(StudyTexts.Smallest).Study!, s_keys.Take(2).ToDictionary()).Faults).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_whatWasWritten_isTheSameWithOrWithoutSpacesAndAPartIsNone()
    {
        var fingerprint = Sha256Digest.Of("a key"u8);
        var written = FingerprintText.Write(fingerprint);

        Assert.Equal(16, written.Split(' ').Length);
        foreach (var text in (string[])[written, written.Replace(" ", "", StringComparison.Ordinal), written.ToUpperInvariant(), written.Replace(' ', '\n')])
            Assert.True(FingerprintText.TryRead(text, out var read) && read == fingerprint);
        foreach (var text in (string[])[written[..^2], written[..39], "", written + " 00", written.Replace(written[0], 'x')])
            Assert.False(FingerprintText.TryRead(text, out _));
    }
}
