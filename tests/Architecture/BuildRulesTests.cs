namespace FederatedClinicalMl.Tests.Architecture;

public sealed class BuildRulesTests
{
    private const string Central = """
        <Project>
          <PropertyGroup><ManagePackageVersionsCentrally>true</ManagePackageVersionsCentrally></PropertyGroup>
          <ItemGroup><PackageVersion Include="CsCheck" Version="5.0.1" /></ItemGroup>
        </Project>
        """;

    [Fact]
    public void Package_versions_are_central_and_exact() =>
        House.Keeps(BuildRules.PackageVersions(Repository.Projects, Repository.Read("Directory.Packages.props")));

    [Fact]
    public void Shared_build_holds_every_project_to_the_same_rules() =>
        House.Keeps(BuildRules.SharedBuild(Repository.Read("Directory.Build.props"), Repository.Read("build/BannedSymbols.txt")));

    [Fact]
    public void No_project_opts_out_of_the_shared_build()
    {
        House.Keeps(BuildRules.OptOuts(Repository.Projects));
        House.Keeps(BuildRules.NestedBuildFiles(Repository.Files));
    }

    [Theory]
    [InlineData("""<PackageReference Include="CsCheck" Version="5.0.1" />""")]
    [InlineData("""<PackageReference Include="CsCheck" VersionOverride="5.0.1" />""")]
    [InlineData("""<PackageReference Include="CsCheck"><Version>5.0.1</Version></PackageReference>""")]
    [InlineData("""<PackageReference Include="Unlisted" />""")]
    public void Package_with_a_version_elsewhere_or_nowhere_is_found(string reference) =>
        Assert.Single(BuildRules.PackageVersions([Planted(reference)], Central));

    [Theory]
    [InlineData("5.0.1", "5.*")]
    [InlineData("5.0.1", "[5.0,6.0)")]
    [InlineData("<ManagePackageVersionsCentrally>true", "<ManagePackageVersionsCentrally>false")]
    public void Loose_central_versions_are_found(string from, string to) =>
        Assert.Single(BuildRules.PackageVersions([Planted("")], Central.Replace(from, to, StringComparison.Ordinal)));

    [Theory]
    [InlineData("<DisableTransitiveProjectReferences>true", "<DisableTransitiveProjectReferences>false")]
    [InlineData("<TreatWarningsAsErrors>true", "<TreatWarningsAsErrors Condition=\"'$(CI)' == 'true'\">true")]
    [InlineData("<Nullable>enable", "<Nullable>annotations")]
    [InlineData("Microsoft.CodeAnalysis.BannedApiAnalyzers", "Another.Analyzer")]
    [InlineData("build/BannedSymbols.txt", "build/Other.txt")]
    public void Loosened_shared_build_is_found(string from, string to)
    {
        var shared = Repository.Read("Directory.Build.props");
        Assert.Contains(from, shared, StringComparison.Ordinal);
        Assert.Single(BuildRules.SharedBuild(shared.Replace(from, to, StringComparison.Ordinal), Repository.Read("build/BannedSymbols.txt")));
    }

    [Fact]
    public void Symbol_that_is_no_longer_banned_is_found() =>
        Assert.Single(BuildRules.SharedBuild(
            Repository.Read("Directory.Build.props"),
            Repository.Read("build/BannedSymbols.txt").Replace("P:System.DateTime.UtcNow;", "P:System.DateTime.Other;", StringComparison.Ordinal)));

    [Theory]
    [InlineData("<PropertyGroup><DisableTransitiveProjectReferences>false</DisableTransitiveProjectReferences></PropertyGroup>")]
    [InlineData("<PropertyGroup><TreatWarningsAsErrors>false</TreatWarningsAsErrors></PropertyGroup>")]
    [InlineData("""<ItemGroup><AdditionalFiles Remove="@(AdditionalFiles)" /></ItemGroup>""")]
    public void Project_that_opts_out_is_found(string content) =>
        Assert.Single(BuildRules.OptOuts([ProjectFile.Parse("core/Numerics/Numerics.csproj", $"<Project>{content}</Project>")]));

    [Fact]
    public void Nested_build_file_that_does_not_go_on_is_found() =>
        Assert.Single(BuildRules.NestedBuildFiles([new SourceFile("cli/Directory.Build.props", "<Project />")]));

    private static ProjectFile Planted(string reference) =>
        ProjectFile.Parse("core/Numerics/Numerics.csproj", $"<Project><ItemGroup>{reference}</ItemGroup></Project>");
}
