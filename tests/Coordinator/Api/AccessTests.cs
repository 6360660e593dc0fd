using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Google.Protobuf.Reflection;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>Who may call what, over TLS: every call of the wire and every bulk route, by everybody whom the coordinator has to tell apart.</summary>
public sealed partial class AccessTests(EveryCaller callers) : IClassFixture<EveryCaller>
{
    private static readonly string Protos = Path.Combine(Path.GetDirectoryName(Here())!, "../../../protos/Federation");

    // What the gate answers, and what would hide an answer. Every other fault is that of a call that was let through: its message is empty.
    private static readonly string[] Refusals =
        ["CERTIFICATE_MISSING", "CERTIFICATE_UNTRUSTED", "CERTIFICATE_EXPIRED", "CERTIFICATE_REVOKED", "TOKENS_OFF", "TOKEN_INVALID", "TOKEN_EXPIRED", "ISSUER_UNREACHABLE", "ROLE_MISSING", "CALL_UNKNOWN", "INTERNAL"];

    public static TheoryData<string> Calls => [.. CallsOfTheWire()];

    public static TheoryData<string> RestCalls => [.. RestCall.All.Select(call => call.Row)];

    [Theory]
    [MemberData(nameof(Calls))]
    public Task Call_is_open_to_the_roles_of_its_row_and_to_nobody_else(string call) => CheckAsync(call, client => client.CallAsync(call));

    [Theory]
    [InlineData("GET", Access.ParametersRoute)]
    [InlineData("GET", Access.ModelsRoute)]
    [InlineData("HEAD", Access.ReleasesRoute)]
    [InlineData("PUT", Access.ReleasesRoute)]
    public Task Bulk_route_is_open_to_the_roles_of_its_row_and_to_nobody_else(string method, string route)
    {
        var path = Placeholder().Replace(route, default(Sha256Digest).ToString());
        return CheckAsync(route, client => client.SendAsync(HttpMethod.Parse(method), path));
    }

    [Theory]
    [MemberData(nameof(RestCalls))]
    public Task Rest_call_is_open_to_the_roles_of_the_row_of_its_call_and_to_nobody_else(string call)
    {
        var rest = RestCall.All.Single(rest => rest.Row == call);
        return CheckAsync(call, client => client.SendAsync(HttpMethod.Parse(rest.Verb), Placeholder().Replace(rest.Path, "any"), rest.HasBody ? "{}" : null));
    }

    [Fact]
    public Task Description_of_rest_is_open_to_people() => CheckAsync(Access.OpenApiRoute, client => client.SendAsync(HttpMethod.Get, Access.OpenApiRoute));

    [Fact]
    public void Rest_offers_every_call_of_people_and_none_of_sites_or_of_enrolment() => Assert.Equal(
        CallsOfTheWire().Where(call => !call.Contains(".Enrolment/", StringComparison.Ordinal) && !call.Contains(".Session/", StringComparison.Ordinal)).Order(),
        RestCall.All.Select(call => call.Row).Order());

    [Theory]
    [InlineData("/fcml.federation.v1.Administration/Anything")]
    [InlineData("/fcml.federation.v2.Administration/Revoke")]
    public async Task Call_that_is_not_on_the_wire_is_unknown_to_an_admin_too(string call) =>
        Assert.Equal("CALL_UNKNOWN", await callers.Admin.CallAsync(call));

    [Theory]
    [InlineData("GET", "/")]
    [InlineData("GET", "/v1/parameters")]
    [InlineData("DELETE", "/v1/releases/any")]
    [InlineData("OPTIONS", "/v1/invitations")]
    [InlineData("POST", "/v1/members")]
    public async Task Request_beside_the_routes_is_unknown_to_an_admin_too(string method, string path) =>
        Assert.Equal("CALL_UNKNOWN", await callers.Admin.SendAsync(HttpMethod.Parse(method), path));

    [Fact]
    public void Table_has_a_row_for_every_call_of_the_wire_and_for_the_bulk_routes_and_no_other() =>
        Assert.Equal(CallsOfTheWire().Append(Access.ParametersRoute).Append(Access.ReleasesRoute).Append(Access.ModelsRoute).Append(Access.OpenApiRoute).Order(), Access.Table.Keys.Order());

    [Fact]
    public void Comment_on_each_call_of_the_wire_names_the_roles_of_its_row() =>
        Assert.Equal(CallsOfTheWire().Order().Select(call => $"{call}: {InWords(Access.Table[call])}"), CommentedCalls().Order());

    private async Task CheckAsync(string route, Func<BareClient, Task<string?>> call)
    {
        var allowed = Access.Table[route];
        foreach (var (caller, client) in callers.All)
        {
            var expected = allowed == Roles.None ? null : caller.Fault ?? (allowed.HasFlag(caller.Role) ? null : "ROLE_MISSING");
            var code = await call(client);
            Assert.Equal((caller, expected), (caller, Refusals.Contains(code) ? code : null));
        }
    }

    private static IEnumerable<string> CallsOfTheWire() =>
        from file in (FileDescriptor[])[FederationReflection.Descriptor, AdministrationReflection.Descriptor, StagesReflection.Descriptor, MonitoringReflection.Descriptor]
        from service in file.Services
        from method in service.Methods
        select $"/{service.FullName}/{method.Name}";

    /// <summary>As the .proto files have them: <c>rpc Name(...) returns (...); // roles</c>.</summary>
    private static IEnumerable<string> CommentedCalls() =>
        from file in Directory.GetFiles(Protos, "*.proto")
        from service in Service().Matches(File.ReadAllText(file))
        from call in Call().Matches(service.Groups["body"].Value)
        select $"/fcml.federation.v1.{service.Groups["name"].Value}/{call.Groups["name"].Value}: {call.Groups["roles"].Value}";

    private static string InWords(Roles roles) => roles == Roles.None
        ? "anybody"
        : string.Join(", ", Enum.GetValues<Roles>().Where(role => int.PopCount((int)role) == 1 && roles.HasFlag(role)).Select(role => $"{role}".ToLowerInvariant()));

    [GeneratedRegex(@"^service (?<name>\w+) \{(?<body>.*?)^\}", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Service();

    [GeneratedRegex(@"^\s*rpc (?<name>\w+)\(.*?\)(?:;| \{)(?:\s*// (?<roles>.*?))?\s*$", RegexOptions.Multiline)]
    private static partial Regex Call();

    [GeneratedRegex(@"\{\w+(=\*\*)?\}")]
    private static partial Regex Placeholder();

    private static string Here([CallerFilePath] string file = "") => file;
}
