//! The names of the members that X documents.

/// A fixture, and the names of members at places given by JSON pointers.
pub(crate) type Documented = (&'static str, &'static [(&'static str, &'static str)]);

/// The members of API v1.1, from its data dictionary and the Account Activity API.
pub(crate) const V1: &[Documented] = &[
    (
        "tweet_every_field",
        &[
            ("", "for_user_id tweet_create_events user_has_blocked"),
            (
                "/tweet_create_events/0",
                "card_uri contributors coordinates created_at current_user_retweet display_text_range edit_controls \
                edit_history editable entities extended_entities extended_tweet favorite_count favorited filter_level \
                full_text geo id id_str in_reply_to_screen_name in_reply_to_status_id in_reply_to_status_id_str \
                in_reply_to_user_id in_reply_to_user_id_str is_quote_status lang matching_rules metadata place \
                possibly_sensitive possibly_sensitive_appealable possibly_sensitive_editable quote_count \
                quoted_status quoted_status_id quoted_status_id_str quoted_status_permalink reply_count retweet_count \
                retweeted retweeted_status scopes self_thread source supplemental_language text timestamp_ms \
                truncated user withheld_copyright withheld_in_countries withheld_scope",
            ),
            ("/tweet_create_events/0/coordinates", "coordinates type"),
            ("/tweet_create_events/0/geo", "coordinates type"),
            ("/tweet_create_events/0/current_user_retweet", "id id_str"),
            ("/tweet_create_events/0/contributors/0", "id id_str screen_name"),
            ("/tweet_create_events/0/edit_controls", "editable_until_ms edits_remaining"),
            ("/tweet_create_events/0/edit_history", "edit_tweet_ids initial_tweet_id"),
            ("/tweet_create_events/0/extended_tweet", "display_text_range entities extended_entities full_text"),
            ("/tweet_create_events/0/matching_rules/0", "id id_str tag"),
            ("/tweet_create_events/0/metadata", "iso_language_code result_type"),
            ("/tweet_create_events/0/quoted_status_permalink", "display expanded url"),
            ("/tweet_create_events/0/scopes", "followers place_ids"),
            (
                "/tweet_create_events/0/place",
                "attributes bounding_box centroid contained_within country country_code full_name id name place_type \
                url",
            ),
            ("/tweet_create_events/0/place/bounding_box", "coordinates type"),
            ("/tweet_create_events/0/entities", "hashtags media polls symbols urls user_mentions"),
            ("/tweet_create_events/0/entities/hashtags/0", "indices text"),
            ("/tweet_create_events/0/entities/symbols/0", "indices text"),
            ("/tweet_create_events/0/entities/user_mentions/0", "id id_str indices name screen_name"),
            ("/tweet_create_events/0/entities/urls/0", "display_url expanded_url indices unwound url"),
            ("/tweet_create_events/0/entities/urls/0/unwound", "description status title url"),
            ("/tweet_create_events/0/entities/polls/0", "duration_minutes end_datetime options"),
            ("/tweet_create_events/0/entities/polls/0/options/0", "position text"),
            (
                "/tweet_create_events/0/entities/media/0",
                "additional_media_info display_url expanded_url ext_alt_text features id id_str indices media_key \
                media_url media_url_https original_info sizes source_status_id source_status_id_str source_user_id \
                source_user_id_str type url video_info",
            ),
            (
                "/tweet_create_events/0/entities/media/0/additional_media_info",
                "call_to_actions description embeddable monetizable source_user title",
            ),
            ("/tweet_create_events/0/entities/media/0/features/all/tags/0", "name screen_name type user_id"),
            ("/tweet_create_events/0/entities/media/0/original_info", "focus_rects height width"),
            ("/tweet_create_events/0/entities/media/0/original_info/focus_rects/0", "h w x y"),
            ("/tweet_create_events/0/entities/media/0/sizes/thumb", "h resize w"),
            ("/tweet_create_events/0/entities/media/0/video_info", "aspect_ratio duration_millis variants"),
            ("/tweet_create_events/0/entities/media/0/video_info/variants/1", "bitrate content_type url"),
            (
                "/tweet_create_events/0/user",
                "blocked_by blocking contributors_enabled created_at default_profile default_profile_image derived \
                description entities favourites_count follow_request_sent followers_count following friends_count \
                geo_enabled has_extended_profile id id_str is_translation_enabled is_translator lang listed_count \
                live_following location muting name needs_phone_verification notifications profile_background_color \
                profile_background_image_url profile_background_image_url_https profile_background_tile \
                profile_banner_url profile_image_url profile_image_url_https profile_link_color profile_location \
                profile_sidebar_border_color profile_sidebar_fill_color profile_text_color \
                profile_use_background_image protected screen_name status statuses_count suspended time_zone \
                translator_type url utc_offset verified withheld_in_countries withheld_scope",
            ),
            ("/tweet_create_events/0/user/entities", "description url"),
            (
                "/tweet_create_events/0/user/derived/locations/0",
                "country country_code full_name geo locality region sub_region",
            ),
        ],
    ),
    (
        "dm_every_field",
        &[
            ("", "apps direct_message_events for_user_id users"),
            ("/direct_message_events/0", "created_timestamp id initiated_via message_create type"),
            ("/direct_message_events/0/initiated_via", "tweet_id welcome_message_id"),
            (
                "/direct_message_events/0/message_create",
                "custom_profile_id message_data sender_id source_app_id target",
            ),
            ("/direct_message_events/0/message_create/target", "recipient_id"),
            (
                "/direct_message_events/0/message_create/message_data",
                "attachment ctas entities quick_reply quick_reply_response text",
            ),
            ("/direct_message_events/0/message_create/message_data/attachment", "location media type"),
            (
                "/direct_message_events/0/message_create/message_data/attachment/location",
                "shared_coordinate shared_place type",
            ),
            (
                "/direct_message_events/0/message_create/message_data/attachment/media",
                "display_url expanded_url id id_str indices media_url media_url_https sizes type url video_info",
            ),
            ("/direct_message_events/0/message_create/message_data/ctas/0", "label tco_url type url"),
            ("/direct_message_events/0/message_create/message_data/entities", "hashtags symbols urls user_mentions"),
            ("/direct_message_events/0/message_create/message_data/quick_reply", "options type"),
            (
                "/direct_message_events/0/message_create/message_data/quick_reply/options/0",
                "description label metadata",
            ),
            ("/direct_message_events/0/message_create/message_data/quick_reply_response", "metadata type"),
            ("/apps/55512", "id name url"),
            (
                "/users/3030",
                "created_timestamp description followers_count friends_count id location name profile_image_url \
                profile_image_url_https protected screen_name statuses_count url verified",
            ),
        ],
    ),
    ("follow", &[("/follow_events/0", "created_timestamp source target type")]),
    ("favorite", &[("/favorite_events/0", "created_at favorited_status id timestamp_ms user")]),
    (
        "tweet_delete",
        &[("/tweet_delete_events/0", "status timestamp_ms"), ("/tweet_delete_events/0/status", "id user_id")],
    ),
    ("typing", &[("/direct_message_indicate_typing_events/0", "created_timestamp sender_id target")]),
    ("mark_read", &[("/direct_message_mark_read_events/0", "created_timestamp last_read_event_id sender_id target")]),
    (
        "revoke",
        &[
            ("/user_event/revoke", "date_time source target"),
            ("/user_event/revoke/target", "app_id"),
            ("/user_event/revoke/source", "user_id"),
        ],
    ),
];

/// The members of API v2, from X's OpenAPI description. Where that says only `object`, from the
/// data dictionary and the examples.
pub(crate) const V2: &[Documented] = &[
    (
        "xaa/post.create.every_field",
        &[
            ("", "data errors"),
            ("/data", "event_type event_uuid filter includes payload tag"),
            ("/data/filter", "direction keyword user_id"),
            (
                "/data/payload",
                "article article_title attachments author_id card_uri community_id context_annotations conversation_id \
                created_at display_text_range edit_controls edit_history_post_ids entities geo id in_reply_to_user_id \
                lang matched_media_notes media_metadata non_public_metrics note_post note_request_suggestions \
                organic_metrics paid_partnership possibly_sensitive promoted_metrics public_metrics referenced_posts \
                reply_settings scopes source suggested_source_links suggested_source_links_with_counts text username \
                withheld",
            ),
            ("/data/payload/attachments", "media_keys media_source_tweet_id poll_ids"),
            ("/data/payload/context_annotations/0", "domain entity"),
            ("/data/payload/context_annotations/0/domain", "description id name"),
            ("/data/payload/context_annotations/0/entity", "description id name"),
            ("/data/payload/edit_controls", "editable_until edits_remaining is_edit_eligible"),
            ("/data/payload/entities", "annotations cashtags hashtags mentions urls"),
            ("/data/payload/entities/cashtags/0", "end start tag"),
            ("/data/payload/entities/hashtags/0", "end start tag"),
            ("/data/payload/entities/mentions/0", "end id start username"),
            (
                "/data/payload/entities/urls/0",
                "description display_url end expanded_url images media_key start status title unwound_url url",
            ),
            ("/data/payload/entities/urls/0/images/0", "height url width"),
            ("/data/payload/geo", "coordinates place_id"),
            ("/data/payload/geo/coordinates", "coordinates type"),
            ("/data/payload/matched_media_notes/0", "match_status note_id"),
            ("/data/payload/media_metadata/0", "alt_text description media_key title"),
            ("/data/payload/note_post", "entities text"),
            ("/data/payload/note_post/entities", "cashtags hashtags mentions urls"),
            ("/data/payload/note_post/entities/cashtags/0", "end start tag"),
            ("/data/payload/note_post/entities/hashtags/0", "end start tag"),
            ("/data/payload/note_post/entities/mentions/0", "end id start username"),
            ("/data/payload/note_post/entities/urls/0", "display_url end expanded_url start url"),
            ("/data/payload/note_request_suggestions/0", "source_link suggestion suggestion_id"),
            (
                "/data/payload/public_metrics",
                "bookmark_count impression_count like_count quote_count reply_count repost_count",
            ),
            ("/data/payload/referenced_posts/0", "id type"),
            ("/data/payload/scopes", "followers"),
            ("/data/payload/suggested_source_links_with_counts/0", "count url"),
            ("/data/payload/withheld", "copyright country_codes scope"),
            ("/data/includes", "media places polls posts topics users"),
            (
                "/data/includes/media/0",
                "alt_text duration_ms height media_key non_public_metrics organic_metrics preview_image_url \
                promoted_metrics public_metrics type url variants width",
            ),
            (
                "/data/includes/media/0/non_public_metrics",
                "playback_0_count playback_100_count playback_25_count playback_50_count playback_75_count",
            ),
            (
                "/data/includes/media/0/organic_metrics",
                "playback_0_count playback_100_count playback_25_count playback_50_count playback_75_count view_count",
            ),
            (
                "/data/includes/media/0/promoted_metrics",
                "playback_0_count playback_100_count playback_25_count playback_50_count playback_75_count view_count",
            ),
            ("/data/includes/media/0/public_metrics", "view_count"),
            ("/data/includes/media/0/variants/0", "bit_rate content_type url"),
            ("/data/includes/places/0", "contained_within country country_code full_name geo id name place_type"),
            ("/data/includes/places/0/geo", "bbox geometry properties type"),
            ("/data/includes/polls/0", "duration_minutes end_datetime id options voting_status"),
            ("/data/includes/polls/0/options/0", "label position votes"),
            ("/data/includes/topics/0", "description id name"),
            (
                "/data/includes/users/0",
                "affiliation confirmed_email connection_status created_at description entities id is_identity_verified \
                location most_recent_post_id name parody pinned_post_id profile_banner_url profile_geo_enrichment \
                profile_image_url protected public_metrics receives_your_dm subscribes_to_you subscription \
                subscription_type url username verified verified_followers_count verified_type withheld",
            ),
            ("/data/includes/users/0/affiliation", "badge_url description url user_id"),
            ("/data/includes/users/0/entities", "description url"),
            ("/data/includes/users/0/entities/description", "cashtags hashtags mentions urls"),
            ("/data/includes/users/0/entities/description/cashtags/0", "end start tag"),
            ("/data/includes/users/0/entities/description/hashtags/0", "end start tag"),
            ("/data/includes/users/0/entities/description/mentions/0", "end id start username"),
            (
                "/data/includes/users/0/entities/description/urls/0",
                "description display_url end expanded_url images media_key start status title unwound_url url",
            ),
            ("/data/includes/users/0/entities/description/urls/0/images/0", "height url width"),
            ("/data/includes/users/0/entities/url", "urls"),
            (
                "/data/includes/users/0/entities/url/urls/0",
                "description display_url end expanded_url images media_key start status title unwound_url url",
            ),
            ("/data/includes/users/0/entities/url/urls/0/images/0", "height url width"),
            (
                "/data/includes/users/0/public_metrics",
                "followers_count following_count like_count listed_count media_count post_count",
            ),
            ("/data/includes/users/0/subscription", "subscribes_to_you"),
            ("/data/includes/users/0/withheld", "country_codes scope"),
            (
                "/errors/0",
                "code detail field message parameter resource_id resource_type section status title type value",
            ),
            ("/data/payload/non_public_metrics", "engagements impression_count url_link_clicks user_profile_clicks"),
            (
                "/data/payload/organic_metrics",
                "impression_count like_count reply_count retweet_count url_link_clicks user_profile_clicks",
            ),
            (
                "/data/payload/promoted_metrics",
                "impression_count like_count reply_count retweet_count url_link_clicks user_profile_clicks",
            ),
            ("/data/payload/article", "cover_media entities media_entities plain_text preview_text title"),
            ("/data/payload/entities/annotations/0", "end normalized_text probability start type"),
            (
                "/data/includes/users/0/profile_geo_enrichment/potential_locations/0/geo_entity",
                "country_code display_name entity_id geo_point locality population region sub_region",
            ),
            (
                "/data/includes/users/0/profile_geo_enrichment/potential_locations/0/geo_entity/geo_point",
                "latitude longitude",
            ),
        ],
    ),
    (
        "xaa/news.new.every_field",
        &[
            (
                "/data/payload",
                "category cluster_posts_results contexts disclaimer headline hook keywords last_updated_at_ms rest_id \
                summary",
            ),
            ("/data/payload/cluster_posts_results/0", "post_id"),
            ("/data/payload/contexts", "entities finance sports topics"),
            ("/data/payload/contexts/entities", "events organizations people places products"),
            ("/data/payload/contexts/finance", "tickers"),
            ("/data/payload/contexts/sports", "teams"),
        ],
    ),
    ("xaa/like.create.every_field", &[("/data/payload", "created_at id liked_tweet_id timestamp_ms tweet_author_id")]),
    ("xaa/follow.follow", &[("/data/payload", "source target")]),
    ("xaa/post.delete", &[("/data/payload", "author_id id")]),
    ("xaa/profile.update.bio", &[("/data/payload", "after before")]),
    (
        "xaa/chat.received",
        &[
            (
                "/data/payload",
                "conversation_id conversation_key_change_event conversation_key_version conversation_token \
                created_at_msec encoded_event id message_event_signature sender_id",
            ),
            (
                "/data/payload/message_event_signature",
                "public_key_version signature signature_version signing_public_key",
            ),
        ],
    ),
    ("xaa/spaces.start", &[("/data/payload", "broadcast_id event_type user")]),
    (
        "xaa/broadcast.start",
        &[(
            "/data/payload",
            "available_for_replay broadcast_id broadcast_state created_timestamp_ms event_timestamp_ms language \
                thumbnail_url title updated_timestamp_ms user",
        )],
    ),
    ("xaa/broadcast.chat", &[("/data/payload", "author broadcast_id message message_id")]),
    ("xaa/oauth.revoke", &[("/data/payload", "app_id date_time user_id")]),
    ("xaa/replay_complete", &[("/replay_job_status", "job_id job_state job_state_description webhook_id")]),
    ("xaa/filtered_stream", &[("", "data includes matching_rules"), ("/matching_rules/0", "id tag")]),
];
