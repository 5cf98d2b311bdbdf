//! Responses of servers, proxies, tunnels, hosts and frameworks, and the causes that they reveal.

/// A response that reveals its cause. The server must match if one is given, and one of the headers
/// or phrases if there are any.
pub(super) struct Rule {
    pub(super) statuses: std::ops::RangeInclusive<u16>,
    /// Part of the header `Server`, in lower case.
    pub(super) server: &'static str,
    /// Names of headers and parts of their values, in lower case.
    pub(super) headers: &'static [(&'static str, &'static str)],
    /// Parts of the body, in lower case.
    pub(super) phrases: &'static [&'static str],
    pub(super) cause: &'static str,
    pub(super) fix: &'static str,
}

macro_rules! rules {
    ($($statuses:expr, $server:literal, [$($header:expr),*], [$($phrase:literal),* $(,)?], $cause:expr, $fix:expr;)*) => {
        /// The first rule that matches counts, so special ones precede general ones.
        pub(super) const RULES: &[Rule] = &[$(Rule {
            statuses: $statuses,
            server: $server,
            headers: &[$($header),*],
            phrases: &[$($phrase),*],
            cause: $cause,
            fix: $fix,
        },)*];
    };
}

pub(super) const CSRF: &str = "CSRF protection refuses POST: it expects a form's token, which X does not send";
pub(super) const NO_CSRF: &str = "exempt this path from CSRF protection; the signature takes its place";
const HOSTS: &str = "add the URL's host to the hosts that the framework allows";
const TUNNEL: &str = "start the tunnel, and use its current URL";
const FIREWALL: &str = "a web application firewall refuses the request";
const PASS_FIREWALL: &str =
    "allow GET with a query and POST with JSON on this path in the firewall; its log names the rule";
const LOG_OF_FUNCTION: &str = "see the error of this request in the function's log, for example a missing module, a missing variable or a \
     wrong shape of its result";

rules! {
    // Cloudflare
    100..=599, "", [("cf-mitigated", "")], ["/cdn-cgi/challenge-platform", "<title>just a moment", "cf-browser-verification", "__cf_chl_"],
        "Cloudflare's bot challenge answers instead of the app",
        "add a rule in Cloudflare that skips bot protection and managed challenges for this path";
    100..=599, "", [], ["attention required! | cloudflare", "error code: 1020", "error code: 1010", "error code: 1006", "error code: 1009", "sorry, you have been blocked"],
        "Cloudflare's firewall refuses the request",
        "allow this path in Cloudflare's security rules: see Security, Events";
    100..=599, "", [], ["error code: 1015"],
        "a rate limit of Cloudflare refuses the request",
        "exempt this path from Cloudflare's rate limiting rules";
    100..=599, "", [], ["cloudflare tunnel error", "error code: 1033"],
        "the Cloudflare tunnel is not running",
        "start cloudflared, and use the tunnel's current URL";
    100..=599, "", [], ["error code: 1016", "error code: 1001"],
        "Cloudflare cannot resolve the name of the origin",
        "correct the origin's DNS record in Cloudflare";
    500..=500, "", [], ["error code: 1101", "error code: 1102", "worker threw exception"],
        "the Cloudflare Worker crashed on this request",
        "see the error of this request in the Worker's log (wrangler tail)";
    521..=521, "", [], [],
        "Cloudflare reaches the app's machine, but nothing accepts the connection there",
        "start the app, and let its firewall accept Cloudflare's addresses";
    522..=524, "", [], [],
        "Cloudflare cannot reach the app in time",
        "start the app, check the address in Cloudflare's DNS, and let the firewall accept Cloudflare's addresses";
    525..=526, "", [], [],
        "Cloudflare rejects the TLS certificate of the app's machine",
        "serve a valid certificate there, for example a Cloudflare Origin CA certificate, or correct the SSL mode in Cloudflare";
    520..=530, "cloudflare", [], [],
        "Cloudflare receives no valid response from the app",
        "see the app's log for a crash; Cloudflare's error page names the reason";
    300..=403, "", [("location", "cloudflareaccess.com")], ["cloudflare access"],
        "Cloudflare Access requires a login",
        "add a bypass policy for this path in Cloudflare Access";

    // Vercel, Netlify
    100..=599, "", [("x-vercel-mitigated", "deny")], [],
        "Vercel's firewall refuses the request",
        "add a bypass rule for this path in Vercel's firewall";
    100..=599, "", [("x-vercel-mitigated", "")], ["vercel security checkpoint"],
        "Vercel's bot challenge answers instead of the app",
        "add a bypass rule for this path in Vercel's firewall, and turn off Attack Challenge Mode";
    300..=403, "", [("location", "vercel.com/sso")], ["_vercel_sso_nonce", "vercel authentication"],
        "Vercel's deployment protection requires a login",
        "register the production URL, or turn off Deployment Protection for this deployment";
    401..=401, "vercel", [], [],
        "Vercel's deployment protection requires a login",
        "register the production URL, or turn off Deployment Protection for this deployment";
    400..=499, "", [("x-vercel-error", "deployment_not_found")], ["deployment_not_found"],
        "Vercel has no deployment at this host: it was deleted, or the host is misspelled",
        "use the URL of the production deployment";
    400..=499, "", [("x-vercel-error", "deployment_")], ["deployment_paused", "deployment_disabled"],
        "Vercel has paused or disabled the deployment",
        "resume the project in Vercel's dashboard, which shows the reason";
    500..=599, "", [("x-vercel-error", "function_invocation_timeout")], ["function_invocation_timeout"],
        "the Vercel function takes too long",
        "answer at once, and process events afterwards; see the function's log";
    500..=599, "", [("x-vercel-error", "function_"), ("x-vercel-error", "no_response")], ["function_invocation_failed", "edge_function_invocation_failed"],
        "the Vercel function crashed on this request",
        "see the error of this request in the function's log";

    // Amazon
    100..=599, "", [], ["missing authentication token"],
        "API Gateway has no route for this path and method, and answers \"Missing Authentication Token\"",
        "check the stage in the URL's path, define GET and POST for the resource, and deploy the API";
    403..=403, "", [], ["function url authorization", "urls-auth.html"],
        "the Lambda function URL requires IAM authentication",
        "set the function URL's auth type to NONE, and allow lambda:InvokeFunctionUrl to everyone";
    401..=403, "", [], ["is not authorized to access this resource"],
        "an authorizer or a resource policy of API Gateway denies the request",
        "remove the authorizer from this path, and allow everyone in the resource policy; X sends no credentials";
    403..=403, "", [("x-amzn-errortype", "accessdenied")], [],
        "AWS refuses the request: a Lambda function URL requires IAM authentication, or a policy denies it",
        "set the function URL's auth type to NONE, and allow everyone in its policy; X sends no credentials";
    401..=403, "", [("x-amzn-errortype", "forbidden"), ("x-amzn-errortype", "unauthorized")], [],
        "API Gateway requires an API key or an authorizer",
        "remove the API key and the authorizer from this path; X sends neither";
    401..=403, "", [("apigw-requestid", "")], ["{\"message\":\"forbidden\"}", "{\"message\": \"forbidden\"}"],
        "API Gateway requires an API key or an authorizer, or has no such stage",
        "remove the API key and the authorizer from this path, because X sends neither; check the stage in the URL's path";
    404..=404, "", [("apigw-requestid", "")], [],
        "API Gateway has no route for this path and method",
        "define GET and POST for this path, and deploy the API; the stage may be part of the path";
    504..=504, "", [("x-amzn-errortype", ""), ("apigw-requestid", "")], ["endpoint request timed out"],
        "the integration behind API Gateway takes too long",
        "answer at once, and process events afterwards; see the function's log";
    500..=502, "", [("x-amzn-errortype", "internalserver"), ("apigw-requestid", ""), ("x-amzn-errortype", "badgateway")], [],
        "the Lambda function behind API Gateway failed, or returned another shape than {statusCode, headers, body}",
        LOG_OF_FUNCTION;
    500..=502, "", [("x-amz-function-error", ""), ("x-amzn-requestid", "")], [],
        "the Lambda function failed",
        LOG_OF_FUNCTION;
    200..=599, "", [("x-amzn-waf-action", "")], [], FIREWALL, PASS_FIREWALL;
    400..=403, "", [], ["distribution is not configured to allow the http request method"],
        "CloudFront is not configured to allow this method",
        "allow GET, HEAD, OPTIONS, PUT, POST, PATCH and DELETE in the distribution's behavior, and disable its cache for this path";
    403..=403, "awselb", [], [], FIREWALL, PASS_FIREWALL;
    400..=499, "amazons3", [], [],
        "an S3 bucket answers instead of the app",
        "route this path to the app, not to the bucket of static files";

    // Google and Azure
    401..=403, "", [("x-goog-iap-generated-response", "")], ["invalid iap credentials"],
        "Google's Identity-Aware Proxy requires a login",
        "exempt this path from the Identity-Aware Proxy, or serve it from a backend without it";
    401..=403, "", [], ["your client does not have permission to get url", "your client does not have permission to the requested url"],
        "Google Cloud requires authentication: the service does not allow unauthenticated calls",
        "allow unauthenticated invocations: grant the role Cloud Run Invoker (or Cloud Functions Invoker) to allUsers";
    403..=403, "", [], ["this web app is stopped", "site disabled"],
        "the Azure web app is stopped",
        "start the web app in the Azure portal; a quota may have stopped it";
    403..=403, "", [], ["has blocked your access", "ip forbidden"],
        "an access restriction by IP address refuses the request",
        "allow all addresses on this path; X publishes no fixed list, and only the signature identifies it";
    404..=404, "", [], ["404 web site not found"],
        "Azure has no web app at this host",
        "correct the host, or add it to the web app as a custom domain";
    400..=599, "", [], ["our services aren't available right now"],
        "Azure Front Door has no healthy origin or no route for this path",
        "start the app, and check the origin group and the route in Azure Front Door";

    // Tunnels
    100..=599, "", [("ngrok-error-code", "err_ngrok_6024")], ["err_ngrok_6024"],
        "ngrok's warning page answers instead of the app",
        "use a paid ngrok domain or another tunnel; X cannot confirm the page";
    100..=599, "", [("ngrok-error-code", "err_ngrok_8012")], ["err_ngrok_8012", "err_ngrok_110"],
        "the tunnel runs, but nothing listens behind it",
        "start the app at the tunnel's port";
    100..=599, "", [("ngrok-error-code", "err_ngrok_3004"), ("ngrok-error-code", "err_ngrok_3801")], ["err_ngrok_3004"],
        "the tunnel runs, but the server behind it does not answer with HTTP",
        "point the tunnel to the app's port, and to https:// if the app serves TLS";
    100..=599, "", [("ngrok-error-code", "err_ngrok_72"), ("ngrok-error-code", "err_ngrok_73"), ("ngrok-error-code", "err_ngrok_76")], ["err_ngrok_72", "err_ngrok_73"],
        "a limit of the ngrok plan is reached",
        "wait for the next period, or choose a larger plan; ngrok's dashboard shows the limit";
    400..=599, "", [("ngrok-error-code", "err_ngrok_3200")], ["err_ngrok_3200", "err_ngrok_6022"],
        "the ngrok tunnel is not running",
        TUNNEL;
    400..=599, "", [("ngrok-error-code", "err_ngrok_")], ["err_ngrok_"],
        "ngrok refuses the request",
        "look up the error code in the response at https://ngrok.com/docs/errors";
    511..=511, "", [], [],
        "the tunnel's warning page answers instead of the app",
        "use a tunnel without a warning page; X cannot confirm the page";
    200..=599, "", [], ["<title>tunnel website ahead"],
        "the tunnel's warning page answers instead of the app",
        "use a tunnel without a warning page; X cannot confirm the page";
    400..=599, "", [], ["tunnel unavailable", "no tunnel here", "tunnel not found", "endpoint is offline"],
        "the tunnel is not running",
        TUNNEL;
    300..=403, "", [("location", "tunnels.api.visualstudio.com"), ("location", "devtunnels.ms")], [],
        "the dev tunnel requires a login",
        "make the port public: devtunnel access create --anonymous, or Port Visibility: Public";

    // Hosts
    404..=404, "", [], ["no-such-app", "no such app"],
        "the host knows no app of this name",
        "correct the host: the app was renamed or deleted";
    404..=404, "", [("x-railway-fallback", "")], ["application not found"],
        "the host knows no running app at this domain",
        "deploy the app, and use the domain that the host assigned to it";
    500..=599, "", [("x-render-routing", "suspend")], ["service suspended"],
        "the host has suspended the app",
        "resume the service in the host's dashboard, which shows the reason";
    503..=503, "", [("retry-after", "")], ["maintenance"],
        "the app is in maintenance mode",
        "end the maintenance mode, or exempt this path from it";
    500..=599, "", [], ["application error"],
        "nothing answers behind the proxy: the app does not run, crashed, or took too long",
        "see the app's log for a crash at its start, and let the app listen on the port that the host assigns (PORT)";
    401..=403, "", [("sb-project-ref", ""), ("sb-request-id", "")], [],
        "Supabase requires a JWT for this function",
        "deploy the function with --no-verify-jwt; X sends no token";
    404..=404, "", [], ["is not registered", "execute workflow"],
        "the workflow tool has no active webhook for this path and method",
        "activate the workflow, use its production URL, and give it a webhook for GET and one for POST";

    // Hosts that frameworks do not allow
    200..=499, "", [], ["invalid host header", "allowedhosts", "this host is not allowed", "invalid hostname"],
        "the framework does not allow the URL's host",
        HOSTS;
    400..=400, "", [], ["disallowedhost", "allowed_hosts", "<h1>bad request (400)</h1>"],
        "the framework does not allow the URL's host: Django answers 400 to a host that is not in ALLOWED_HOSTS",
        "add the URL's host to ALLOWED_HOSTS";
    403..=403, "", [], ["blocked hosts", "blocked host:"],
        "the framework does not allow the URL's host: Rails answers 403 to a host that is not in config.hosts",
        "add the URL's host to config.hosts";
    421..=421, "", [], [],
        "the server does not serve the URL's host",
        "add the URL's host to the server's or the proxy's configuration, for HTTP and for TLS";
    400..=400, "", [], ["plain http request was sent to https port", "client sent an http request to an https server", "speaking plain http to an ssl-enabled"],
        "the port expects TLS, but the request is plain http",
        "use https in the URL, or in the proxy's address of the app";

    // Authentication
    401..=403, "", [], ["csrf", "cross-site request forgery", "cross-site post form submissions", "invalidauthenticitytoken", "invalid authenticity token", "can't verify authenticity"],
        CSRF,
        NO_CSRF;
    400..=499, "", [], ["csrf", "cross-site request forgery", "invalidauthenticitytoken", "invalid authenticity token", "can't verify authenticity", "page expired"],
        CSRF,
        NO_CSRF;
    419..=419, "", [], [], CSRF, NO_CSRF;
    401..=403, "", [], ["api key"],
        "an API key is required, and X sends none",
        "exempt this path from API keys; the signature takes their place";
    401..=401, "", [("www-authenticate", "")], [],
        "HTTP authentication is required, and X has no user or token",
        "exempt this path from the authentication";
    401..=403, "", [], ["authorization header", "missing authorization", "not authenticated", "jwt", "bearer token", "access token required", "no token provided", "token required"],
        "the app or a gateway requires a user or a token, and X has neither",
        "exempt this path from the authentication; the signature takes its place";
    401..=403, "", [], ["rest_forbidden", "rest_cannot", "rest_not_logged_in"],
        "WordPress's REST API requires a login for this route",
        "register the route with 'permission_callback' => '__return_true'; the signature identifies X";

    // Firewalls
    400..=599, "", [("x-sucuri-id", ""), ("x-iinfo", "")], [
        "the requested url was rejected. please consult with your administrator", "incapsula incident id", "_incapsula_resource",
        "sucuri website firewall", "mod_security", "modsecurity", "generated by wordfence", "web application firewall",
        "this request was blocked by the security rules", "request blocked.\nwe can't connect to the server",
        "generated by cloudfront (cloudfront)", "imunify360",
    ], FIREWALL, PASS_FIREWALL;
    403..=403, "akamaighost", [], [], FIREWALL, PASS_FIREWALL;
    200..=200, "", [], ["<title>request rejected", "_incapsula_resource", "incapsula incident id"], FIREWALL, PASS_FIREWALL;
    403..=403, "", [], ["rbac: access denied"],
        "an authorization policy of the service mesh denies the request",
        "allow this path without a user in the AuthorizationPolicy";
    403..=403, "", [], ["you don't have permission to access"],
        "the web server or a firewall refuses access to this path",
        "allow access in the server's configuration: permissions of the folder, Require all granted, and rules of .htaccess";
    401..=403, "", [], ["ip not allowed", "ip address not", "ip address is not", "ip is not", "ip denied", "ip blocked", "not in whitelist", "not whitelisted", "not in allowlist"],
        "an allow list of IP addresses refuses the request",
        "allow all addresses on this path; X publishes no fixed list, and only the signature identifies it";

    // Frameworks
    400..=400, "", [], ["graphql", "must provide query string"],
        "a GraphQL server answers instead of the webhook's handler",
        "route GET and POST on this path to the webhook's handler, not to GraphQL";
    200..=200, "", [], ["<title>welcome to nginx", "apache2 ubuntu default page", "apache2 debian default page", "<h1>it works!</h1>", "iis windows server", "welcome to firebase hosting", "welcome to caddy"],
        "the web server's default page answers instead of the app",
        "route this host and path to the app in the web server's configuration, and reload it";
    200..=200, "", [], ["<title>index of /"],
        "a list of files answers instead of the app",
        "route this path to the app in the web server's configuration";
    200..=200, "", [], ["<div id=\"root\"></div>", "<div id=\"app\"></div>", "<div id=\"__next\">", "<app-root>", "<div id=root>"],
        "a single-page app answers instead of the webhook: its fallback serves every path",
        "route this path to the app's backend, before the fallback to index.html";
    200..=200, "", [], ["page not found", "404 not found", "not found</title>"],
        "a page that reports a missing page answers, with status 200: nothing is routed at this path",
        "compare the URL with the app's route, and route both GET and POST to the webhook";
}
