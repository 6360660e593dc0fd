using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Storage;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>The file that says whose tokens are taken: what is not understood stops the start.</summary>
public sealed class SignInSettingsTests : IDisposable
{
    private const string Good = """{"issuer": "https://login.example.org/realms/x", "audience": "fcml", "name-claim": "preferred_username", "roles-claim": "groups", "roles": {"a": "admin", "b": "steward"}}""";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Settings_are_as_written()
    {
        var settings = Read(Good)!;

        Assert.Equal(("https://login.example.org/realms/x", "fcml", "preferred_username", "groups"), (settings.Issuer.OriginalString, settings.Audience, settings.NameClaim, settings.RolesClaim));
        Assert.Equal([("a", Roles.Admin), ("b", Roles.Steward)], settings.Roles.Select(role => (role.Key, role.Value)).Order());
    }

    [Fact]
    public void No_file_means_no_tokens() => Assert.Null(SignInSettings.Read(_folder.Of("")));

    [Theory]
    [InlineData("https://login", "http://login", "'issuer'")]
    [InlineData("https://login.example.org/realms/x", "https://ann:secret@login.example.org", "'issuer'")]
    [InlineData("\"admin\"", "\"site\"", "'roles' maps 'a' to 'site'")]
    [InlineData("\"admin\"", "\"admin, clinician\"", "'roles' maps 'a'")]
    [InlineData("\"admin\"", "null", "'roles' maps 'a'")]
    [InlineData("\"audience\": \"fcml\"", "\"audience\": \"\"", "'audience'")]
    [InlineData("\"audience\": \"fcml\",", "", "audience")]
    [InlineData("\"audience\"", "\"audiences\"", "audiences")]
    [InlineData("\"a\": \"admin\"", "\"audience\": \"clinician\", \"audience\": \"admin\"", "uplicate")]
    [InlineData("{\"issuer\"", "[\"issuer\"", "docs/reference/sign-in.md")]
    public void Setting_that_is_wrong_is_named(string right, string wrong, string named) =>
        Assert.Contains(named, Assert.Throws<DataFolderException>(() => Read(Good.Replace(right, wrong, StringComparison.Ordinal))).Message, StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();

    private SignInSettings? Read(string text)
    {
        File.WriteAllText(_folder.Of(SignInSettings.File), text);
        return SignInSettings.Read(_folder.Of(""));
    }
}
